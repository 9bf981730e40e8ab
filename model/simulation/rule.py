"""What a rule is: who is resistant, and how mutants of both classes are made."""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


class Rule(Protocol):
    """A rule that tells resistant genes from susceptible ones by their protein."""

    smallest: ClassVar[int]  #: codons that an ancestor needs

    @property
    def ancestor(self) -> str:
        """DNA of the gene that all others are mutants of; susceptible."""

    @property
    def positions(self) -> tuple[int, ...]:
        """Residues that decide, counted from 1."""

    @property
    def words(self) -> str:
        """The rule in words."""

    def mutants(self, resistant: NDArray[np.bool_], random: np.random.Generator) -> list[str]:
        """Makes DNA for each of the [D] wanted classes; the first is the ancestor, whose class must be susceptible."""
