"""Whether DNA codes for proteins: how much of it translation reads before the first stop."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.alphabet import without_gaps
from model.encoding import encode
from model.genes import Genes

#: Median share of a gene's bases up to the first stop below which genes do not code. Of genes it is .98 and more, less
#: where early stops are many; in random bases a stop comes after 15 codons in the median.
LEAST_READ = 1 / 3
#: Above which another frame is the right one.
_IN_FRAME = 0.9
#: Genes that are looked at, evenly spaced.
_LOOKED_AT = 1000


@dataclass(frozen=True)
class Coding:
    """What translation makes of genes.

    Attributes:
        read: Median share of a gene's bases that are read before the first stop, from its first, second and third base.
    """

    read: tuple[float, float, float]

    @property
    def codes(self) -> bool:
        """Whether amino acids and codons from the first base on tell of more than a beginning."""
        return self.read[0] >= LEAST_READ

    @property
    def frame(self) -> int | None:
        """The base, 2 or 3, from which on genes code that do not from the first; None where there is none."""
        best = int(np.argmax(self.read))
        return best + 1 if not self.codes and self.read[best] >= _IN_FRAME else None

    def in_words(self) -> str:
        """Writes what follows from it; empty where the genes code."""
        if self.codes:
            return ""
        text = (
            f"These genes do not code as they stand: in half of them a stop comes before {self.read[0]:.0%} of the "
            "bases are read. So nucleotides are searched, unless a space says otherwise."
        )
        if self.frame is None:
            return text
        return (
            f"{text} From base {self.frame} on {self.read[self.frame - 1]:.0%} are translated: without the first "
            f"{'base' if self.frame == 2 else '2 bases'} of each, amino acids and codons could be searched too."
        )


def find_coding(genes: Genes, genetic_code: int = 1) -> Coding | None:
    """Looks how far translation gets.

    Args:
        genes: N rows; labels play no part.
        genetic_code: NCBI's number.

    Returns:
        None for proteins.

    Raises:
        DataError: The genetic code is unknown.
    """
    if genes.alphabet == "protein":
        return None
    rows = genes.subset(np.unique(np.linspace(0, len(genes) - 1, _LOOKED_AT).astype(np.int64)))
    rows = replace(rows, sequences=list(without_gaps(rows.sequences)))
    bases = np.fromiter(map(len, rows.sequences), np.int64, len(rows))
    first, second, third = (
        float(np.median(3 * _codons(rows, start, genetic_code) / np.maximum(bases - start, 3))) for start in range(3)
    )
    return Coding((first, second, third))


def _codons(genes: Genes, start: int, genetic_code: int) -> NDArray[np.int64]:
    """Counts codons before the first stop, from this base on: [N]."""
    shifted = replace(genes, sequences=[sequence[start:] for sequence in genes.sequences])
    encoded = encode(shifted, "codon", genetic_code)
    # A gene without a codon is one unknown token.
    return np.where(encoded.empty, 0, encoded.lengths)
