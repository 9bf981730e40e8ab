"""What a plain regression sees of a gene, as numbers: a letter at its position, a mutation, or a word of some letters.

A new gene may have what no training gene had: numbers that no weight belongs to.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.encoding import Tokens

Kind = Literal["position", "mutation", "word"]
Numbers = NDArray[np.int64]


def feature_numbers(
    kind: Kind, tokens: Tokens, lengths: Numbers, base: int = 0, size: int = 1
) -> tuple[Numbers, Numbers]:
    """Numbers what rows have.

    Args:
        kind: Of what.
        tokens: [N, T], whole sequences, or mutations, each a number of its own; 0 is padding.
        lengths: [N] tokens.
        base: More than any token has that was trained on; larger ones have no number. Mutations need none.
        size: Tokens of a word.

    Returns:
        [F] rows and [F] numbers, one pair for each thing that a row has, as often as it has it.
    """
    if kind == "mutation":
        rows, places = np.nonzero(tokens)
        return rows, tokens[rows, places].astype(np.int64)
    if kind == "position":
        rows, places = np.nonzero((tokens > 0) & (tokens < base))
        return rows, places * base + tokens[rows, places].astype(np.int64)
    places_of_words = tokens.shape[1] - size + 1
    if places_of_words < 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    words = np.zeros((len(tokens), places_of_words), dtype=np.int64)
    known = np.ones(words.shape, dtype=np.bool_)
    for offset in range(size):
        letters = tokens[:, offset : offset + places_of_words]
        words = words * base + letters
        known &= letters < base
    rows, places = np.nonzero((np.arange(places_of_words) <= (lengths - size)[:, None]) & known)
    return rows, words[rows, places]
