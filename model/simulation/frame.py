"""The frame rule: insertions and deletions shift the reading frame, and a region must be read in the right one.

Insertions and deletions of 1 to 3 bases lie before the region and behind it. Those before it may cancel: only their
sum tells the frame of the region. In a gene like others each letter of a shifted region would still give the shift
away, to a linear model too. So the region and what surrounds it are a tandem repeat whose three reading frames hold
the same five codons in another order: no codon belongs to one frame alone, and only the order of neighbours tells.

Insertions repeat the bases before them, as slippage in a repeat makes them. The repeat has no T, hence no frame of it
has a stop. Early stops appear only behind it, where they follow from the sum of all shifts and do not tell the class.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model.simulation.codons import neutral_mutants, numbered, random_gene, spelled

# In its three frames: AAA ACG AAC GAA CGA (KTNER), AAA CGA ACG AAC GAA (KRTNE) and AAC GAA CGA ACG AAA (NERTK).
_UNIT = "AAAACGAACGAACGA"
_UNIT_PROTEIN = "KTNER"
_INDELS_BEFORE, _INDELS_BEHIND = 3, 2
_SHIFTS = np.array([-3, -2, -1, 1, 2, 3])  # each frame equally often, so that one shift alone tells nothing
_LONGEST_SHIFT = 3 * (_INDELS_BEFORE + _INDELS_BEHIND)
_FLANK_SHARE = 0.08  # of the gene, on both sides of the repeat
_REGION_SHARE = 0.125  # of the repeat, in its middle: most of the repeat tells nothing, so that place counts
_SMALLEST_REGION = 6  # residues that hold every pair of neighbours, so that each frame differs


@dataclass(frozen=True)
class Frame:
    """Resistant if the region is read in a wrong frame; a `Rule`.

    Attributes:
        ancestor: Its DNA: start, flank, tandem repeat, flank, stop.
        repeat: First and last codon of the repeat, counted from 1.
        region: First and last residue of the region that matters, counted from 1.
    """

    smallest: ClassVar[int] = 40  # the repeat must have room for its insertions and deletions

    ancestor: str
    repeat: tuple[int, int]
    region: tuple[int, int]

    @classmethod
    def drawn(cls, codons: int, random: np.random.Generator) -> "Frame":
        """Draws the flanks of an ancestor."""
        flank = round(codons * _FLANK_SHARE)
        first, last = 2 + flank, codons - 1 - flank
        length = last - first + 1
        region = max(_SMALLEST_REGION, round(length * _REGION_SHARE))
        begin = first + (length - region) // 2
        drawn = spelled(random_gene(codons, random)[None, :])[0]
        repeated = (_UNIT * codons)[: 3 * length]
        ancestor = drawn[: 3 * (first - 1)] + repeated + drawn[3 * last :]
        return cls(ancestor, (first, last), (begin, begin + region - 1))

    @property
    def positions(self) -> tuple[int, ...]:
        """Residues of the region, counted from 1."""
        return tuple(range(self.region[0], self.region[1] + 1))

    @property
    def words(self) -> str:
        """The rule in words."""
        first, last = self.region
        return (
            f"Resistant if the positions {first} to {last} of the protein are not a stretch of "
            f"{_UNIT_PROTEIN}{_UNIT_PROTEIN}..., begun anywhere: insertions and deletions before them have then "
            "shifted the reading frame, and no other has restored it."
        )

    def mutants(self, resistant: NDArray[np.bool_], random: np.random.Generator) -> list[str]:
        """Makes DNA for each of the [D] wanted classes; see `Rule`."""
        ancestor = numbered(self.ancestor)
        first, last = self.repeat
        flanks = np.concatenate([np.arange(1, first - 1), np.arange(last, len(ancestor) - 1)])
        heads_and_tails = spelled(neutral_mutants(ancestor, flanks, len(resistant), random))
        repeats = self._repeats(_shifts(resistant, random), random)
        return [
            gene[: 3 * (first - 1)] + repeat + gene[3 * last :]
            for gene, repeat in zip(heads_and_tails, repeats, strict=True)
        ]

    def _repeats(self, shifts: NDArray[np.int64], random: np.random.Generator) -> list[str]:
        """Spells the repeat with insertions and deletions of [D, indels] bases, each at a place of its own."""
        first, last = self.repeat
        length, count = 3 * (last - first + 1), len(shifts)
        begin, end = (3 * (codon - first) for codon in (self.region[0], self.region[1] + 1))
        before = np.sort(random.integers(1, begin, (count, _INDELS_BEFORE)))
        behind = np.sort(random.integers(end, length - _LONGEST_SHIFT, (count, _INDELS_BEHIND)))
        places = np.concatenate([before, behind], axis=1)
        columns = np.arange(length + _LONGEST_SHIFT)
        shifted = ((columns >= places[:, :, None]) * shifts[:, :, None]).sum(axis=1)
        letters = np.frombuffer(_UNIT.encode(), dtype="S1")[(columns - shifted) % len(_UNIT)]
        lengths = length + shifts.sum(axis=1)
        return [row[:kept].tobytes().decode() for row, kept in zip(letters, lengths.tolist(), strict=True)]


def _shifts(resistant: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.int64]:
    """Draws by how many bases each insertion (positive) or deletion shifts: [D, indels]; the ancestor has none."""
    shifts = random.choice(_SHIFTS, (len(resistant), _INDELS_BEFORE + _INDELS_BEHIND))
    while (wrong := (shifts[:, :_INDELS_BEFORE].sum(axis=1) % 3 != 0) != resistant).any():
        shifts[wrong] = random.choice(_SHIFTS, (int(wrong.sum()), shifts.shape[1]))
    shifts[0] = 0
    return shifts
