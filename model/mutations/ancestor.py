"""The ancestor of a set of genes: their consensus, and how far they have moved away from it."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.alphabet import AMINO_ACIDS, BASES
from model.errors import DataError
from model.mutations.alignment import Differences, differences
from model.mutations.kinds import FRAMESHIFT, Level, kinds

#: Genes of a larger median divergence have no common ancestor that is worth comparing with: protease of HIV, among the
#: most variable genes that are studied, has 0.08; unrelated sequences have 0.5 and more.
LARGEST_DIVERGENCE = 0.2

# Letters of a word, and the least share of words in common.
_WORDS: dict[Level, tuple[int, float]] = {"amino_acid": (5, 0.1), "nucleotide": (12, 0.02)}
# Distinct rows that are enough to tell the commonest letter of each column, and to estimate a median share.
_CONSENSUS_ROWS = 4096
_DIVERGENCE_ROWS = 128
# Rows that differ from the first consensus in more letters than this share have another frame or another origin.
_FAR = 0.5


def find_ancestor(sequences: Sequence[str]) -> str:
    """Finds the consensus: the commonest letter at each position, over the distinct sequences of the commonest length.

    Rows far from a first consensus (out of frame, or of another origin) have no vote in the second. With many distinct
    sequences 4,096 of them, evenly spread over the rows, are enough.

    Args:
        sequences: Cleaned sequences of one alphabet. Length N; empty ones are passed over.

    Returns:
        The ancestor. Of two letters that are equally common the first in the alphabet is taken, of two lengths the
        larger; an ambiguous letter stands only where no row has a clear one.

    Raises:
        DataError: No sequence has a letter.
    """
    times = Counter(map(len, filter(None, sequences)))
    if not times:
        raise DataError("None of the sequences has a letter, so they have no ancestor.", "Check the sequences.")
    length = max(times, key=lambda letters: (times[letters], letters))
    chosen = _spread([sequence for sequence in dict.fromkeys(sequences) if len(sequence) == length], _CONSENSUS_ROWS)
    letters = np.array([sequence.encode("ascii") for sequence in chosen]).view(np.uint8).reshape(len(chosen), length)
    consensus = _majority(letters)
    near = (letters != consensus).mean(axis=1) <= _FAR
    if near.any() and not near.all():
        consensus = _majority(letters[near])
    return consensus.tobytes().decode("ascii")


def divergence(sequences: Sequence[str], ancestor: str, level: Level) -> float:
    """Estimates how far genes are from their ancestor.

    With many distinct sequences 128 of them, evenly spread over the rows, are enough.

    Args:
        sequences: As for `alignment.differences`. Length N, at least 1.
        ancestor: What they are compared with.
        level: "amino_acid" for proteins, "nucleotide" for DNA.

    Returns:
        The median over distinct sequences of differences per letter of the ancestor; compare it with
        `LARGEST_DIVERGENCE`.

    Raises:
        DataError: As `alignment.differences`, or there are no sequences.
    """
    if not sequences:
        raise DataError("There are no sequences whose divergence could be told.", "Give at least one.")
    found = differences(_spread(list(dict.fromkeys(sequences)), _DIVERGENCE_ROWS), ancestor, level)
    return float(np.median(distances(found, ancestor, level)))


def are_strangers(sequences: Sequence[str], ancestor: str, level: Level) -> bool:
    """Says whether genes share so few words with the ancestor that aligning them would be time wasted.

    Of relatives as far apart as `LARGEST_DIVERGENCE` allows a third of all words of five residues are the ancestor's,
    and one in fifteen of those of twelve bases; of unrelated genes hardly any. With many distinct sequences 128 are
    enough.

    Args:
        sequences: Length N, at least 1.
        ancestor: What they are compared with.
        level: "amino_acid" or "nucleotide".
    """
    size, least = _WORDS[level]
    known = _words(ancestor, size)
    shares = [
        len(words & known) / len(words)
        for words in (_words(one, size) for one in _spread(list(dict.fromkeys(sequences)), _DIVERGENCE_ROWS))
        if words
    ]
    return bool(shares) and float(np.median(shares)) < least


def _words(sequence: str, size: int) -> set[str]:
    return {sequence[at : at + size] for at in range(len(sequence) - size + 1)}


def distances(found: Differences, ancestor: str, level: Level) -> NDArray[np.float64]:
    """Says how far each gene is from the ancestor.

    The letters of a tail out of frame count one by one, an end that is not the ancestor's as one difference.

    Args:
        found: Its differences. Length N.
        ancestor: That they were told from.
        level: Of both.

    Returns:
        [N] differences per letter of the ancestor.
    """
    tokens = kinds(level).tokens
    count = found.lengths - (found.ends == len(ancestor))
    if FRAMESHIFT in tokens:
        at = np.flatnonzero(found.tokens.flat == tokens[FRAMESHIFT])
        row = np.searchsorted(found.tokens.starts, at, side="right") - 1
        np.add.at(count, row, found.ends[row] - found.places[at] - 1)
    shares: NDArray[np.float64] = count / len(ancestor)
    return shares


def _spread(distinct: list[str], most: int) -> list[str]:
    """Takes so many at most, evenly spread: files are often sorted, by label for example."""
    if len(distinct) <= most:
        return distinct
    return [distinct[row] for row in np.linspace(0, len(distinct) - 1, most).astype(np.int64)]


def _majority(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Takes the commonest letter of each column of [N, n]: [n]."""
    present = np.unique(letters)
    clear = np.isin(present, np.frombuffer((AMINO_ACIDS + BASES).encode("ascii"), dtype=np.uint8))
    # Clear letters outweigh all ambiguous ones together, and come in the order of the alphabet.
    weight = np.where(clear, len(letters) + 1, 1)
    counts = np.stack([(letters == code).sum(axis=0) for code in present]) * weight[:, None]
    winners: NDArray[np.uint8] = present[np.argmax(counts, axis=0)]
    return winners
