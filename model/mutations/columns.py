"""From two aligned rows to kinds and places, with a frameshift told from single substitutions."""

import numpy as np
from numpy.typing import NDArray

from model.mutations.gapped import Rows
from model.mutations.kinds import BEGIN, DELETION, END, EXTENSION, FRAMESHIFT, Kinds
from model.mutations.scores import EXTEND, GAP, MATCH, MISMATCH, OPEN

# A tail shorter than this is spelled letter by letter, and so is one where a third of the letters or more match.
_SHORTEST_TAIL = 5
_MATCHES_OF = 3

_GAP = ord(GAP)


def read_columns(rows: Rows, vocabulary: Kinds) -> list[tuple[int, int]]:
    """Lists what differs.

    Args:
        rows: The ancestor's row and the gene's row; the gene has at least one letter.
        vocabulary: Of the level. A frameshift is looked for only where it has one.

    Returns:
        (kind, place) in the order of `alignment.Differences`, "end" last.
    """
    upper, lower = (np.frombuffer(row.encode("ascii"), dtype=np.uint8) for row in rows)
    letters = np.flatnonzero(lower != _GAP)
    first, stop = int(letters[0]), int(letters[-1]) + 1
    size = int((upper != _GAP).sum())
    upper, lower = upper[:stop], lower[:stop]
    places = np.cumsum(upper != _GAP) - (upper != _GAP)
    stop, close = _close(upper, lower, places, size, first, vocabulary)
    begin = [(vocabulary.tokens[BEGIN], int(places[first]))] if first else []
    differing = first + np.flatnonzero(upper[first:stop] != lower[first:stop])
    return [*begin, *((_kind(upper[at], lower[at], vocabulary), int(places[at])) for at in differing), *close]


def _close(
    upper: NDArray[np.uint8],
    lower: NDArray[np.uint8],
    places: NDArray[np.int64],
    size: int,
    first: int,
    vocabulary: Kinds,
) -> tuple[int, list[tuple[int, int]]]:
    """Tells how the gene ends: the column up to which it is spelled, and what follows there, "end" included."""
    tokens = vocabulary.tokens
    shift = _frameshift(upper, lower, first) if FRAMESHIFT in tokens else None
    if shift is not None and places[shift] < size:  # letters behind the ancestor's end are no frameshift
        place = int(places[shift])
        end = min(place + int((lower[shift:] != _GAP).sum()), size)
        return shift, [(tokens[FRAMESHIFT], place), (tokens[END], end)]
    if places[-1] == size:
        return int(np.searchsorted(places, size)), [(tokens[EXTENSION], size), (tokens[END], size)]
    return len(places), [(tokens[END], int((upper != _GAP).sum()))]


def _kind(ancestor: np.uint8, gene: np.uint8, vocabulary: Kinds) -> int:
    if gene == _GAP:
        return vocabulary.tokens[DELETION]
    letter = chr(gene)
    return vocabulary.insertion(letter) if ancestor == _GAP else vocabulary.substitution(letter)


def _frameshift(upper: NDArray[np.uint8], lower: NDArray[np.uint8], first: int) -> int | None:
    """Finds the column where the reading frame is lost, if it is.

    It is the one after which the running score never gets as high again, if the gene goes on for long enough and
    mostly mismatches from there.
    """
    running = np.concatenate([[0.0], np.cumsum(_scores(upper, lower)[first:])])
    start = first + len(running) - 1 - int(np.argmax(running[::-1]))
    ancestor, gene = upper[start:], lower[start:]
    letters, matches = int((gene != _GAP).sum()), int((ancestor == gene).sum())
    lost = letters >= _SHORTEST_TAIL and _MATCHES_OF * matches < letters
    return start if lost else None


def _scores(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.float64]:
    scores = np.where(upper == lower, MATCH, MISMATCH)
    for row in (upper, lower):
        gaps = row == _GAP
        opens = gaps & ~np.concatenate([[False], gaps[:-1]])
        scores[gaps] = EXTEND
        scores[opens] = OPEN
    return scores
