"""What a plain regression sees of a gene, as numbers: a letter at its position, a mutation, or a word of some letters.

A new gene may have what no training gene had: numbers that no weight belongs to.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.ragged import Ragged

Kind = Literal["position", "mutation", "word"]
Numbers = NDArray[np.int64]


def feature_numbers(kind: Kind, tokens: Ragged, base: int = 0, size: int = 1) -> tuple[Numbers, Numbers]:
    """Numbers what rows have.

    Args:
        kind: Of what.
        tokens: N rows: whole sequences, or mutations, each a number of its own.
        base: More than any token has that was trained on; larger ones have no number. Mutations need none.
        size: Tokens of a word.

    Returns:
        [F] rows and [F] numbers, one pair for each thing that a row has, as often as it has it.
    """
    rows = np.repeat(np.arange(len(tokens)), tokens.lengths)
    if kind == "mutation":
        return rows, tokens.flat.astype(np.int64)
    if kind == "position":
        known = tokens.flat < base
        return rows[known], (tokens.places * base + tokens.flat)[known]
    count = len(tokens.flat) - size + 1
    if count < 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    words = np.zeros(count, dtype=np.int64)
    # Words that reach into the next row are none.
    begins = np.repeat(np.maximum(tokens.lengths - size + 1, 0), tokens.lengths)
    known = tokens.places[:count] < begins[:count]
    for offset in range(size):
        letters = tokens.flat[offset : offset + count]
        words = words * base + letters
        known &= letters < base
    return rows[:count][known], words[known]
