"""The epistatic rule: residues matter in pairs, and a second mutation compensates for the first.

Both mutations of a pair are found in both classes, in susceptible genes only together. A sum over single mutations
that is high enough with one of them is higher still with both, so a linear model calls compensated genes resistant.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model.simulation.codons import RESIDUES, neutral_mutants, numbered, other_residue, random_gene, spelled

_PAIRS = 3
# Share of genes, in both classes, in which a given pair is mutated and compensated. A fifth of the susceptible genes
# then have such a pair: what a linear model gets wrong, and often enough to be learnt from a few thousand genes.
_COMPENSATED_SHARE = 0.08


@dataclass(frozen=True)
class Epistatic:
    """Resistant if exactly one mutation of a pair is there, for any pair; a `Rule`.

    Attributes:
        ancestor: Its DNA.
        mutant: DNA of the ancestor with every mutation of every pair.
        pairs: Residues that matter together, counted from 1.
    """

    smallest: ClassVar[int] = 12

    ancestor: str
    mutant: str
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def drawn(cls, codons: int, random: np.random.Generator) -> "Epistatic":
        """Draws an ancestor and pairs of mutations."""
        ancestor = random_gene(codons, random)
        drawn = np.sort(random.choice(np.arange(1, codons - 1), (_PAIRS, 2), replace=False))
        mutant = ancestor.copy()
        mutant[drawn.ravel()] = other_residue(ancestor[drawn.ravel()], random)
        pairs = tuple((first + 1, second + 1) for first, second in sorted(drawn.tolist()))
        return cls(spelled(ancestor[None, :])[0], spelled(mutant[None, :])[0], pairs)

    @property
    def positions(self) -> tuple[int, ...]:
        """Residues of all pairs, counted from 1."""
        return tuple(sorted(position for pair in self.pairs for position in pair))

    @property
    def words(self) -> str:
        """The rule in words; a mutation is written as usual: K2E is E for the ancestor's K at position 2."""
        before, after = RESIDUES[numbered(self.ancestor)], RESIDUES[numbered(self.mutant)]
        name = {position: f"{before[position - 1]}{position}{after[position - 1]}" for position in self.positions}
        pairs = ", ".join(f"{name[first]} and {name[second]}" for first, second in self.pairs)
        return (
            f"Resistant if the protein has exactly one of the two mutations of a pair, for any of the pairs {pairs}; "
            "the second mutation of a pair compensates for the first."
        )

    def mutants(self, resistant: NDArray[np.bool_], random: np.random.Generator) -> list[str]:
        """Makes DNA for each of the [D] wanted classes; see `Rule`."""
        ancestor = numbered(self.ancestor)
        neutral = np.setdiff1d(np.arange(1, len(ancestor) - 1), np.array(self.positions) - 1)
        variants = neutral_mutants(ancestor, neutral, len(resistant), random)
        rows, pair, side = np.nonzero(self._mutated(resistant, random))
        places = np.array(self.pairs)[pair, side] - 1
        variants[rows, places] = numbered(self.mutant)[places]
        return spelled(variants)

    def _mutated(self, resistant: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.bool_]:
        """Draws which mutations are there: [D, pairs, 2]."""
        count, pairs = len(resistant), len(self.pairs)
        compensated = random.random((count, pairs)) < _COMPENSATED_SHARE
        compensated[0] = False  # the ancestor
        mutated = np.repeat(compensated[:, :, None], 2, axis=2)
        rows = np.flatnonzero(resistant)
        broken, side = random.integers(pairs, size=len(rows)), random.integers(2, size=len(rows))
        mutated[rows, broken, side] = True
        mutated[rows, broken, 1 - side] = False
        return mutated
