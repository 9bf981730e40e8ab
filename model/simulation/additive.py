"""The additive rule: each mutation of a resistance position counts by itself, and so does an early stop.

One of them is enough, whatever else is mutated, so a sum over the mutations tells the class: a linear model can be as
good as any other.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model.simulation.codons import STOPS, neutral_mutants, numbered, other_residue, random_gene, spelled

# Shape of the original's data: many genes are cut short.
_STOP_SHARE = 0.4
# An early stop leaves at most this part of the protein, so that being cut short is plain to see.
_LONGEST_CUT = 0.8


@dataclass(frozen=True)
class Additive:
    """Resistant if cut short by an early stop, or mutated at a resistance position; a `Rule`."""

    smallest: ClassVar[int] = 12

    ancestor: str
    positions: tuple[int, ...]

    @classmethod
    def drawn(cls, codons: int, random: np.random.Generator) -> "Additive":
        """Draws an ancestor and its resistance positions."""
        ancestor = random_gene(codons, random)
        positions = np.sort(random.choice(np.arange(1, codons - 1), max(2, codons // 50), replace=False))
        return cls(spelled(ancestor[None, :])[0], tuple((positions + 1).tolist()))

    @property
    def words(self) -> str:
        """The rule in words."""
        return (
            f"Resistant if the protein has fewer than {len(self.ancestor) // 3 - 1} amino acids, or if its amino acid "
            f"at one of the positions {', '.join(map(str, self.positions))} is not the ancestor's."
        )

    def mutants(self, resistant: NDArray[np.bool_], random: np.random.Generator) -> list[str]:
        """Makes DNA for each of the [D] wanted classes; see `Rule`."""
        ancestor, positions = numbered(self.ancestor), np.array(self.positions) - 1
        count, length = len(resistant), len(ancestor)
        neutral = np.setdiff1d(np.arange(1, length - 1), positions)
        variants = neutral_mutants(ancestor, neutral, count, random)
        cut = resistant & (random.random(count) < _STOP_SHARE)
        stopped = np.flatnonzero(cut)
        last = max(2, int(length * _LONGEST_CUT))
        variants[stopped, random.integers(1, last, len(stopped))] = random.choice(STOPS, len(stopped))
        changed = np.flatnonzero(resistant & ~cut)
        places = random.choice(positions, len(changed))
        variants[changed, places] = other_residue(variants[changed, places], random)
        return spelled(variants)
