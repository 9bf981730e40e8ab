"""Words of some letters, as numbers: cheap to count, and exact, for every possible word has a bit of its own."""

import numpy as np
from numpy.typing import NDArray

from model.alphabet import CLEAR, GAP, Alphabet

#: Letters of a word: as many as keep the bits of all possible words (4^9, 20^4) within 32 KiB.
SIZE: dict[Alphabet, int] = {"dna": 9, "protein": 4}


def possible(alphabet: Alphabet) -> int:
    """Counts the words that can be."""
    return int(len(CLEAR[alphabet]) ** SIZE[alphabet])


def words_of(sequence: str, alphabet: Alphabet) -> NDArray[np.int64]:
    """Numbers the different words of a cleaned sequence; those with an ambiguous letter are none.

    Returns:
        Ascending, 0 to `possible(alphabet)` - 1; empty where the sequence is shorter than a word.
    """
    size, letters = SIZE[alphabet], len(CLEAR[alphabet])
    codes = _table(alphabet)[np.frombuffer(sequence.replace(GAP, "").encode("ascii"), np.uint8)]
    places = len(codes) - size + 1
    if places < 1:
        return np.empty(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(codes, size)
    clear = windows[(windows >= 0).all(axis=1)]
    return np.unique(clear @ (letters ** np.arange(size, dtype=np.int64)))


def _table(alphabet: Alphabet) -> NDArray[np.int64]:
    """Number by ASCII code [256]; -1 is no clear letter."""
    table = np.full(256, -1, np.int64)
    for number, letter in enumerate(CLEAR[alphabet]):
        table[ord(letter)] = number
    return table
