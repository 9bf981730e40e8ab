"""Whether sequences are DNA or protein, told from their letters.

Everything here runs on whole sequences with `bytes.translate`, never letter by letter.
"""

from collections.abc import Iterable, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from model.alphabet import ALPHABET_NAMES, Alphabet
from model.errors import DataError

# The share of letters that are A, C, G, T, U or N: about 0.3 in proteins, near 1 in genes.
_SURELY_DNA = 0.9
_SURELY_PROTEIN = 0.6
# A single sequence must have some length to tell: a short protein may be all A, G and T.
_TELLING = 30

_NOT_LETTERS = bytes(code for code in range(256) if not chr(code).isascii() or not chr(code).isalpha())
_DNA_LETTERS = b"ACGTUNacgtun"


def dna_letters(sequences: Iterable[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts the letters of raw sequences in any case; gaps and other signs are none.

    Returns:
        [N] those that are A, C, G, T, U or N, and [N] all.
    """
    letters = (one if one.isalpha() else one.translate(None, _NOT_LETTERS) for one in sequences)
    counts = [(len(one), len(one.translate(None, _DNA_LETTERS))) for one in letters]
    every, others = np.array(counts, np.int64).reshape(-1, 2).T
    return every - others, every


def rows_like(alphabet: Alphabet, dna: NDArray[np.int64], every: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers the rows, from 0, that are long enough to tell and look like this alphabet.

    Args:
        alphabet: Which.
        dna: [N] from `dna_letters`.
        every: [N] likewise.
    """
    share = dna / np.maximum(every, 1)
    alike = share >= _SURELY_DNA if alphabet == "dna" else share <= _SURELY_PROTEIN
    return np.flatnonzero(alike & (every >= _TELLING))


def detect(dna: NDArray[np.int64], every: NDArray[np.int64], numbers: Sequence[int], unit: str = "row") -> Alphabet:
    """Tells DNA from protein by the share of letters that are A, C, G, T, U or N.

    Args:
        dna: [N] from `dna_letters`.
        every: [N] likewise.
        numbers: Of the rows in the file. Length N.
        unit: What they are called, in one word.

    Raises:
        DataError: The share lies between what genes and proteins have.
    """
    share = float(dna.sum() / max(every.sum(), 1))
    if share >= _SURELY_DNA:
        return "dna"
    if share <= _SURELY_PROTEIN:
        return "protein"
    told = ", ".join(
        f"{len(rows):,} of {len(every):,} rows look like {ALPHABET_NAMES[alphabet]} ({unit} {numbers[rows[0]]} first)"
        for alphabet in get_args(Alphabet)
        if len(rows := rows_like(alphabet, dna, every))
    )
    raise DataError(
        f"Cannot tell DNA from protein: {share:.0%} of the letters are A, C, G, T, U or N (genes have "
        f"{_SURELY_DNA:.0%} or more, proteins {_SURELY_PROTEIN:.0%} or fewer){'; ' * bool(told)}{told}.",
        "Give a file of one kind, or say which it is with --alphabet dna or --alphabet protein.",
    )
