"""Rows of different lengths without padding: memory follows the sum of lengths, not rows times the longest.

Rows are padded where a batch is made of them, to the longest of that batch. Nothing here knows torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import DataError
from model.genes import Indices

#: Letters as uint8, or mutations as int32.
Tokens = NDArray[np.integer[Any]]

# Numbers laid out at a time, padding included, so that intermediate arrays stay at some tens of megabytes.
_CHUNK = 2**22


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of whole numbers above 0, one after another.

    Attributes:
        flat: [L], the rows without padding; L is the sum of lengths.
        lengths: [N] int64, 1 to T.
        width: T, what all rows are padded to where nothing else is asked. Some rows of a data set keep the whole's, so
            that a network made for them fits the others.

    Raises:
        DataError: They do not fit together.
    """

    flat: Tokens
    lengths: NDArray[np.int64]
    width: int

    def __post_init__(self) -> None:
        shortest, longest = int(self.lengths.min(initial=self.width)), int(self.lengths.max(initial=1))
        if shortest < 1 or longest > self.width:
            raise DataError(f"Lengths run from {shortest} to {longest}; allowed are 1 to {self.width}.")
        if int(self.lengths.sum()) != len(self.flat):
            raise DataError(f"Lengths sum up to {self.lengths.sum()}, and there are {len(self.flat)} tokens.")

    @classmethod
    def of(cls, flat: Tokens, lengths: NDArray[np.int64]) -> "Ragged":
        """Makes a whole data set, as wide as its longest row."""
        return cls(flat, lengths, int(lengths.max(initial=1)))

    @classmethod
    def of_padded(cls, rows: Tokens, lengths: NDArray[np.int64]) -> "Ragged":
        """Packs rows [N, T]; what lies behind a row's length is left out."""
        return cls(rows[np.arange(rows.shape[1]) < lengths[:, None]], lengths, rows.shape[1])

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """[N], where each row begins in `flat`."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def places(self) -> NDArray[np.int64]:
        """[L], the place of each token in its row, from 0."""
        return np.arange(len(self.flat)) - np.repeat(self.starts, self.lengths)

    def row(self, number: int) -> Tokens:
        """Gives one row's tokens: a view of its length."""
        return self.flat[self.starts[number] : self.starts[number] + self.lengths[number]]

    def subset(self, indices: Indices) -> "Ragged":
        """Takes some rows (numbers from 0, or a mask [N]); the width stays as it is."""
        rows = np.arange(len(self))[indices]
        parts = [self.flat[start : start + length] for start, length in self._bounds(rows)]
        return Ragged(np.concatenate([self.flat[:0], *parts]), self.lengths[rows], self.width)

    def padded(self, rows: NDArray[np.int64] | None = None, longest: int | None = None) -> Tokens:
        """Lays rows out as an array, with 0 behind their ends.

        Args:
            rows: [n] numbers from 0; all by default.
            longest: Columns, as many as the longest of the rows has tokens; T by default.

        Returns:
            [n, longest].
        """
        chosen = self if rows is None else self.subset(rows)
        laid = np.zeros((len(chosen), longest or self.width), dtype=self.flat.dtype)
        laid[np.arange(laid.shape[1]) < chosen.lengths[:, None]] = chosen.flat
        return laid

    def parts(self) -> Iterator[NDArray[np.int64]]:
        """Parts the rows by length, shortest first, so that each part takes some megabytes where it is padded."""
        order = np.argsort(self.lengths, kind="stable")
        while len(order):
            # The longest row of a part stands last.
            sizes = self.lengths[order] * np.arange(1, len(order) + 1)
            count = max(int(np.searchsorted(sizes, _CHUNK, side="right")), 1)
            yield order[:count]
            order = order[count:]

    def distinct(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Finds equal rows.

        Returns:
            The first row of each kind [D], in the order of their bytes, and the kind of each row [N].
        """
        kinds, first, of_row = self._kinds()
        # A row that is the beginning of another comes before it, as it does where both are padded.
        order = sorted(range(len(kinds)), key=kinds.__getitem__)
        number = np.empty(len(kinds), dtype=np.int64)
        number[order] = np.arange(len(kinds))
        return first[order], number[of_row]

    def identities(self) -> NDArray[np.int64]:
        """Number the distinct rows by first appearance: [N], equal where all tokens are equal."""
        return self._kinds()[2]

    def counts(self, letters: int) -> Iterator[NDArray[np.int64]]:
        """Counts what stands at each position, many positions at a time.

        Args:
            letters: V, above every token.

        Yields:
            [positions, V], from the first of T positions to the last; padding (0) is not counted.
        """
        order = np.argsort(-self.lengths, kind="stable")
        at = 0
        while at < self.width:
            reach = order[: int(np.count_nonzero(self.lengths > at))]
            size = min(max(_CHUNK // max(len(reach), letters), 1), self.width - at)
            columns = at + np.arange(size)
            found = self.flat.take(self.starts[reach, None] + columns, mode="clip")
            found[columns >= self.lengths[reach, None]] = 0
            places = (columns - at) * letters
            counts = np.bincount((places + found).ravel(), minlength=size * letters).reshape(size, letters)
            counts[:, 0] = 0
            yield counts
            at += size

    def _bounds(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        # Plain numbers: to slice by numpy's takes three times as long.
        return zip(self.starts[rows].tolist(), self.lengths[rows].tolist(), strict=True)

    def _kinds(self) -> tuple[list[bytes], NDArray[np.int64], NDArray[np.int64]]:
        """Distinct rows as bytes, by first appearance; the first row of each kind; and the kind of each row."""
        numbers: dict[bytes, int] = {}
        size, whole = self.flat.itemsize, self.flat.tobytes()
        spans = zip((self.starts * size).tolist(), ((self.starts + self.lengths) * size).tolist(), strict=True)
        rows = (whole[start:end] for start, end in spans)
        of_row = np.fromiter((numbers.setdefault(row, len(numbers)) for row in rows), np.int64, len(self))
        first = np.flatnonzero(np.diff(np.maximum.accumulate(of_row), prepend=-1))
        return list(numbers), first, of_row


def joined(parts: Sequence[Ragged]) -> Ragged:
    """Puts rows below one another; the widest gives the width."""
    return Ragged(
        np.concatenate([part.flat for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        max(part.width for part in parts),
    )
