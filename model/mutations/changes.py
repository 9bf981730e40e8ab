"""All single changes of a gene that is given by its mutations: those it has go, those that others have come."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.encoding import PAD, Encoded
from model.mutations.kinds import FRAMESHIFT, kinds
from model.ragged import Ragged

_SHIFT = kinds("amino_acid").tokens[FRAMESHIFT]  # nucleotides have no such letter, and none as high
#: Position and letter.
Mutation = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Changed:
    """A gene with one letter changed at a time.

    Attributes:
        genes: M changed ones.
        places: [M], position from 0.
        before: [M], the letter that the gene had there; 0 is the ancestor's, of mutations.
        letters: [M], the letter that was put there; likewise.
    """

    genes: Encoded
    places: NDArray[np.int64]
    before: NDArray[np.uint8]
    letters: NDArray[np.uint8]


def common_mutations(tokens: Ragged, vocabulary_size: int, positions: int, count: int) -> NDArray[np.uint8]:
    """Finds the mutations that are worth trying at each position.

    Args:
        tokens: Of different genes.
        vocabulary_size: V.
        positions: P.
        count: How many at a position.

    Returns:
        [P, 1 + count], 0 for the ancestor's letter, then the commonest mutations there, the commonest first; 0 is none.
    """
    counts = np.bincount(tokens.flat, minlength=positions * vocabulary_size).reshape(positions, vocabulary_size)
    counts[:, PAD] = 0
    letters = np.zeros((positions, 1 + count), dtype=np.uint8)
    commonest = np.argsort(-counts, axis=1, kind="stable")[:, :count]
    seen = np.take_along_axis(counts, commonest, axis=1) > 0
    letters[:, 1:] = np.where(seen, commonest, PAD)
    return letters


def changed_mutations(genes: Encoded, row: int, letters: NDArray[np.uint8]) -> Changed:
    """Makes all single changes of one gene.

    Args:
        genes: Given by their mutations.
        row: Which of them.
        letters: [P, 1 + count], from `common_mutations`.

    Returns:
        One gene for each position whose mutations are taken away and for each mutation that is put in, in the order of
        positions. An early end is a mutation too: taken away, the gene reaches the ancestor's end, and put in, nothing
        follows it.
    """
    size, last = genes.vocabulary_size, len(letters) - 1
    *own, end = (divmod(int(token), size) for token in genes.tokens.row(row))
    shifted = any(letter == _SHIFT for _, letter in own)
    has = {place: letter for place, letter in (own if shifted else [*own, end]) if place != last}
    tries = [(place, PAD) for place in has]
    tries += [
        (place, int(letter))
        for place in range(min(end[0] + 1, last))
        for letter in letters[place, 1:]
        if letter not in (PAD, has.get(place, PAD))
    ]
    tries.sort(key=lambda one: one[0])
    changed = [_with(own, end, place, letter, (last, size - 1)) for place, letter in tries]
    return Changed(
        genes=_encoded(genes, changed),
        places=np.array([place for place, _ in tries], dtype=np.int64),
        before=np.array([has.get(place, PAD) for place, _ in tries], dtype=np.uint8),
        letters=np.array([letter for _, letter in tries], dtype=np.uint8),
    )


def _with(own: list[Mutation], end: Mutation, place: int, letter: int, whole: Mutation) -> list[Mutation]:
    """Returns mutations with another letter at a position; `whole` is the end of a gene that is not cut short."""
    if letter == whole[1] - 1:  # the kinds of a level end with "stop", "end"
        return [*(one for one in own if one[0] < place), (place, letter)]
    others = [one for one in own if one[0] != place]
    if letter != PAD:
        others = sorted([*others, (place, letter)])
    # A lost frame brings its early end with it.
    was_shift = (place, _SHIFT) in own
    return [*others, whole if place == end[0] or was_shift else end]


def _encoded(genes: Encoded, rows: list[list[Mutation]]) -> Encoded:
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    flat = np.array([place * genes.vocabulary_size + letter for row in rows for place, letter in row], dtype=np.int32)
    return replace(genes, tokens=Ragged.of(flat, lengths))
