"""Rows into batches: equal rows merged, batches cut by length, everything fixed by the seed.

A data set of duplicates needs one pass per distinct row, weighted by how often it stands there with either label: the
expected gradient is the same. Nothing here knows torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import DataError
from model.ragged import Ragged

#: Batches whose rows are sorted by length together: enough to cut padding, few enough to keep batches mixed.
WINDOW_BATCHES = 16
#: A merged data set keeps its number of steps by smaller batches, but none smaller than this (or than asked).
SMALLEST_MERGED_BATCH = 32
#: Tokens of a batch that is evaluated, at most: 512 rows of 32,768.
MOST_EVALUATED = 2**24
#: No copy of a row may weigh more than this share of an average batch...
HEAVY_SHARE = 0.125


@dataclass(frozen=True)
class Examples:
    """Encoded genes with their labels.

    Raises:
        DataError: The arrays do not fit together.
    """

    #: N rows of uint8, or int32 for mutations.
    tokens: Ragged
    #: [N] bool, True = resistant.
    labels: NDArray[np.bool_]

    def __post_init__(self) -> None:
        rows = len(self.tokens)
        if rows == 0 or len(self.labels) != rows:
            raise DataError(
                f"Got {rows} rows of tokens and {len(self.labels)} labels;"
                " there must be equally many, and at least one."
            )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N], 1 to T."""
        return self.tokens.lengths

    def subset(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Examples":
        """Returns the chosen rows, in the order asked."""
        return Examples(self.tokens.subset(rows), self.labels[rows])


@dataclass(frozen=True)
class DistinctRows:
    """The different rows of a data set (D of them) and how often each stands there with either label."""

    #: D rows of uint8, or int32 for mutations.
    tokens: Ragged
    #: [D] float32, resistant rows.
    positives: NDArray[np.float32]
    #: [D] float32, susceptible rows.
    negatives: NDArray[np.float32]
    #: [N] int64, the distinct row of each original row.
    of_row: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[D]."""
        return self.tokens.lengths


def merge(examples: Examples, merge_duplicates: bool = True) -> DistinctRows:
    """Merges rows with equal tokens; with `merge_duplicates` off every row stays its own."""
    rows = len(examples.labels)
    if merge_duplicates:
        first, of_row = examples.tokens.distinct()
    else:
        first = of_row = np.arange(rows)
    positives = np.bincount(of_row, weights=examples.labels, minlength=len(first))
    negatives = np.bincount(of_row, weights=~examples.labels, minlength=len(first))
    return DistinctRows(
        tokens=examples.tokens.subset(first),
        positives=positives.astype(np.float32),
        negatives=negatives.astype(np.float32),
        of_row=of_row,
    )


def consensus(tokens: Ragged) -> NDArray[np.int64]:
    """Finds the commonest token at each position.

    Returns:
        [T]; 0 where no row has a token. Of equally common tokens the lowest is taken.
    """
    letters = int(tokens.flat.max(initial=1)) + 1
    told = (counts[:, 1:] for counts in tokens.counts(letters))
    found = (np.where(counts.any(axis=1), 1 + counts.argmax(axis=1), 0) for counts in told)
    return np.concatenate([np.zeros(0, np.int64), *found])


@dataclass(frozen=True)
class Batch:
    """One optimizer step's rows: `start` to `stop` in the epoch's order, the longest of them `longest` tokens."""

    start: int
    stop: int
    longest: int


@dataclass(frozen=True)
class Epoch:
    """One pass over the data."""

    #: [P] int64, distinct rows, batch after batch; a heavy row stands there several times.
    rows: NDArray[np.int64]
    #: [P] float32, the part of the row's weight that this copy carries.
    share: NDArray[np.float32]
    batches: tuple[Batch, ...]


@dataclass(frozen=True)
class Pace:
    """How an epoch runs over distinct rows."""

    #: Optimizer steps of an epoch.
    steps: int
    #: How often an epoch sees each distinct row, with its weight divided between the times.
    passes: int


def pace(rows: int, distinct: int, batch_size: int) -> Pace:
    """Chooses steps and passes so that merging saves work and takes nothing from learning.

    An epoch takes as many optimizer steps as the unmerged rows would. A batch then holds as many distinct rows as fit,
    but no fewer than `SMALLEST_MERGED_BATCH` (or than asked): below that, gradients are noise. Where few distinct rows
    are left this means several passes, which still cost less than all rows.

    Args:
        rows: N, rows before merging.
        distinct: D, rows after merging.
        batch_size: Rows of a batch before merging.
    """
    steps = max(1, round(rows / batch_size))
    batch = max(min(batch_size, SMALLEST_MERGED_BATCH), batch_size * distinct / rows)
    return Pace(steps, min(steps, max(1, round(steps * batch / distinct))))


def plan_epoch(
    lengths: NDArray[np.int64], weights: NDArray[np.float32], rhythm: Pace, generator: np.random.Generator
) -> Epoch:
    """Shuffles rows into batches of like size and like length, and spreads heavy rows over them.

    A row that weighs more than a good part of a batch would dominate the step it falls into, so it is handed out as
    copies with a part of its weight each, at most one to a batch, evenly over the epoch.

    Args:
        lengths: [D].
        weights: [D], above 0.
        rhythm: Steps and passes; there are fewer batches than steps where there are fewer rows.
        generator: Decides everything that is random here.
    """
    steps = rhythm.steps
    cap = max(HEAVY_SHARE * float(weights.sum()) / steps, 1.0)
    copies = np.clip(np.ceil(weights / cap), rhythm.passes, steps).astype(np.int64)
    light = np.flatnonzero(copies == rhythm.passes)
    order = np.concatenate([generator.permutation(light) for _ in range(rhythm.passes)])
    members = _cut_by_length(order, lengths, steps, generator)
    for row in np.flatnonzero(copies > rhythm.passes):
        places = (np.arange(copies[row]) + generator.random()) / copies[row] * steps
        for place in places.astype(np.int64):
            members[place].append(np.array([row]))
    return _join([np.concatenate(parts) for parts in members if parts], lengths, copies)


def _cut_by_length(
    rows: NDArray[np.int64], lengths: NDArray[np.int64], steps: int, generator: np.random.Generator
) -> list[list[NDArray[np.int64]]]:
    """Cuts shuffled rows into `steps` lists that hold one array (or nothing), sorted by length within windows."""
    windows = np.array_split(rows, max(1, -(-steps // WINDOW_BATCHES)))
    ordered = np.concatenate([window[np.argsort(lengths[window], kind="stable")] for window in windows])
    cut = np.array_split(ordered, steps)
    return [[cut[place]] if len(cut[place]) else [] for place in generator.permutation(steps)]


def _join(members: list[NDArray[np.int64]], lengths: NDArray[np.int64], copies: NDArray[np.int64]) -> Epoch:
    ends = np.cumsum([len(rows) for rows in members])
    batches = tuple(
        Batch(int(end) - len(rows), int(end), int(lengths[rows].max())) for rows, end in zip(members, ends, strict=True)
    )
    rows = np.concatenate(members)
    return Epoch(rows, (1.0 / copies[rows]).astype(np.float32), batches)


def evaluation_batches(lengths: NDArray[np.int64], batch_size: int) -> Epoch:
    """Every row once, sorted by length, in batches of at most `batch_size`: the order for evaluating.

    A batch that would have more than `MOST_EVALUATED` tokens with its padding has fewer rows: at least one.
    """
    rows = np.argsort(lengths, kind="stable").astype(np.int64)
    members, start = [], 0
    while start < len(rows):
        batch = rows[start : start + batch_size]
        # The longest row of a batch stands last.
        fitting = np.count_nonzero(lengths[batch] * np.arange(1, len(batch) + 1) <= MOST_EVALUATED)
        members.append(batch[: max(fitting, 1)])
        start += len(members[-1])
    return _join(members, lengths, np.ones(len(lengths), dtype=np.int64))
