"""Genes as differences from their ancestor: kinds and places, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import DataError
from model.mutations.columns import read_columns
from model.mutations.gapped import align
from model.mutations.kinds import END, Kinds, Level, kinds
from model.mutations.ungapped import Repeats, best_ungapped, find_repeats
from model.ragged import Ragged

#: Places are 16 bits wide.
LONGEST = 65_000
# Letters compared at a time, so that intermediate arrays stay at some tens of megabytes.
_CHUNK_LETTERS = 4_000_000


@dataclass(frozen=True, eq=False)
class Differences:
    """Genes as differences from one ancestor of n letters.

    Ordered by place; at one place "begin" comes first, then insertions, then what happened to the letter itself.
    Each deleted and each inserted letter is a difference of its own, and so is each end that is not the ancestor's.
    A run of gaps stands as far to the right as the letters allow (HGVS). An early end deletes nothing, a late begin
    neither. "fs" stands for all letters of a tail that has lost its reading frame, "ext" for all behind place n.

    Attributes:
        tokens: N rows of kinds (see `kinds.kinds`) as uint8.
        places: [L] uint16, of each of these in turn, positions in the ancestor from 0 to n. An insertion stands at the
            letter that follows it, "begin" at the first letter that the gene has. "end" closes every row, one past the
            last letter reached.
    """

    tokens: Ragged
    places: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N], at least 1."""
        return self.tokens.lengths

    @property
    def ends(self) -> NDArray[np.int64]:
        """[N], one past the last letter of the ancestor that each gene reaches."""
        ends: NDArray[np.int64] = self.places[self.tokens.starts + self.lengths - 1].astype(np.int64)
        return ends

    def row(self, number: int) -> list[tuple[int, int]]:
        """Lists one gene's differences as (kind, place)."""
        start, own = int(self.tokens.starts[number]), self.tokens.row(number)
        return list(zip(own.tolist(), self.places[start : start + len(own)].tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class _Flat:
    rows: NDArray[np.int64]
    tokens: NDArray[np.uint8]
    places: NDArray[np.uint16]


def differences(sequences: Sequence[str], ancestor: str, level: Level) -> Differences:
    """Writes genes as differences from their ancestor; equal genes are compared once.

    Args:
        sequences: Cleaned DNA, or proteins. Length N; one may be empty (a gene whose first codon is a stop).
        ancestor: At least one letter, at most `LONGEST`.
        level: "amino_acid" for proteins, "nucleotide" for DNA.

    Raises:
        DataError: The level is unknown, the ancestor is empty, or a sequence is too long.
    """
    vocabulary = kinds(level)
    _check(sequences, ancestor)
    numbers = {sequence: number for number, sequence in enumerate(dict.fromkeys(sequences))}
    tokens, places = _row_by_row(_compare(list(numbers), ancestor, vocabulary), len(numbers))
    rows = np.fromiter((numbers[sequence] for sequence in sequences), np.int64, len(sequences))
    return Differences(tokens.subset(rows), places.subset(rows).flat.astype(np.uint16))


def _check(sequences: Sequence[str], ancestor: str) -> None:
    if not ancestor:
        raise DataError("The ancestor has no letters.", "Give one of at least one letter.")
    for name, sequence in [("The ancestor", ancestor), *((f"Row {n}", s) for n, s in enumerate(sequences, start=1))]:
        if len(sequence) > LONGEST:
            raise DataError(
                f"{name} has {len(sequence):,} letters; allowed are {LONGEST:,} to be read as mutations.",
                "Cut the sequences to the gene, or choose another encoding.",
            )


def _compare(distinct: list[str], ancestor: str, vocabulary: Kinds) -> _Flat:
    repeats = find_repeats(ancestor)
    fitting = np.array([len(sequence) <= len(ancestor) for sequence in distinct], dtype=np.bool_)
    step = max(1, _CHUNK_LETTERS // len(ancestor))
    candidates = np.flatnonzero(fitting)
    found = [
        _compare_ungapped(candidates[at : at + step], distinct, ancestor, vocabulary, repeats)
        for at in range(0, len(candidates), step)
    ]
    done = np.zeros(len(distinct), dtype=np.bool_)
    for flat in found:
        done[flat.rows] = True
    rest = [
        _compare_gapped(row, distinct[row], ancestor, vocabulary, repeats) for row in np.flatnonzero(~done).tolist()
    ]
    parts = [*found, *rest]
    return _Flat(
        np.concatenate([np.zeros(0, np.int64), *(part.rows for part in parts)]),
        np.concatenate([np.zeros(0, np.uint8), *(part.tokens for part in parts)]),
        np.concatenate([np.zeros(0, np.uint16), *(part.places for part in parts)]),
    )


def _compare_ungapped(
    rows: NDArray[np.int64], distinct: list[str], ancestor: str, vocabulary: Kinds, repeats: Repeats
) -> _Flat:
    """Compares letter by letter; gives only the rows where that is proven to be the best."""
    chosen = [distinct[row].encode("ascii") for row in rows]
    letters = np.array(chosen, dtype=f"S{len(ancestor)}").view(np.uint8).reshape(len(rows), len(ancestor))
    lengths = np.fromiter(map(len, chosen), np.int64, len(rows))
    differs = (letters != np.frombuffer(ancestor.encode("ascii"), dtype=np.uint8)) & (letters != 0)
    proven = best_ungapped(differs, lengths, repeats)
    at_row, at_place = np.nonzero(differs & proven[:, None])
    substitution = np.array([vocabulary.substitution(chr(code)) for code in range(256)], dtype=np.uint8)
    ended = np.flatnonzero(proven)
    ends = np.full(len(ended), vocabulary.tokens[END], dtype=np.uint8)
    return _Flat(
        rows[np.concatenate([at_row, ended])],
        np.concatenate([substitution[letters[at_row, at_place]], ends]),
        np.concatenate([at_place, lengths[ended]]).astype(np.uint16),
    )


def _compare_gapped(row: int, gene: str, ancestor: str, vocabulary: Kinds, repeats: Repeats) -> _Flat:
    tokens, places = zip(*read_columns(align(gene, ancestor, repeats), vocabulary), strict=True)
    return _Flat(np.full(len(tokens), row), np.array(tokens, dtype=np.uint8), np.array(places, dtype=np.uint16))


def _row_by_row(flat: _Flat, rows: int) -> tuple[Ragged, Ragged]:
    """Lays kinds and places out row by row; those of one row keep their order."""
    lengths = np.bincount(flat.rows, minlength=rows)
    order = np.argsort(flat.rows, kind="stable")
    return Ragged.of(flat.tokens[order], lengths), Ragged.of(flat.places[order], lengths)
