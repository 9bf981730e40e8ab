"""Batches of few shapes: a graph is captured for each shape, so there must not be many. Nothing here knows torch.

Time is rounded up, and rows are added that weigh nothing. Neither changes what is learnt: padding is masked, and a row
of a BiLSTM does not depend on the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.batching import Epoch

#: Rounding up wastes less than an eighth of the time steps and a sixteenth of the rows...
TIME_PARTS, ROW_PARTS = 8, 16
#: ...but sizes below so many parts of this are not told apart.
SMALLEST_PART = 8


@dataclass(frozen=True)
class Shape:
    """What a batch looks like to a GPU."""

    #: T, tokens of a row.
    steps: int
    #: B.
    rows: int
    #: Whether every row fills all T tokens, so that nothing has to be masked.
    uniform: bool


@dataclass(frozen=True)
class PaddedEpoch:
    """An `Epoch` whose batches all have the same number of rows."""

    #: [S, B] int32, distinct rows of each batch; the last one is repeated where there are fewer.
    rows: NDArray[np.int32]
    #: [S, B] float32, 0 for a row that is only there to fill up.
    share: NDArray[np.float32]
    #: Shape of each of the S batches.
    shapes: tuple[Shape, ...]

    def table(self, rates: NDArray[np.float32]) -> NDArray[np.int32]:
        """Everything that the steps need, one row a step, so that one copy brings it to a device.

        Args:
            rates: [S] learning rates.

        Returns:
            [S, 2B + 1]: rows, then the bits of shares and rate.
        """
        return np.hstack([self.rows, self.share.view(np.int32), rates.astype(np.float32).view(np.int32)[:, None]])


def rounded_up(size: int, parts: int) -> int:
    """The next size that is told apart: there are `parts` between a power of 2 and the next.

    Args:
        size: At least 1.
        parts: A power of 2.
    """
    part = max(SMALLEST_PART, (1 << (size.bit_length() - 1)) // parts)
    return -(-size // part) * part


def pad(epoch: Epoch, lengths: NDArray[np.int64]) -> PaddedEpoch:
    """Gives an epoch's batches few shapes.

    Args:
        epoch: Of distinct rows.
        lengths: [D], of all distinct rows.
    """
    starts, stops = (np.array([getattr(b, name) for b in epoch.batches])[:, None] for name in ("start", "stop"))
    count = rounded_up(int((stops - starts).max()), ROW_PARTS)
    place = np.arange(count)[None, :]
    # A batch is filled up with its own last row, so that one of a single length stays so.
    taken = np.minimum(starts + place, stops - 1)
    rows = epoch.rows[taken]
    share = np.where(place < stops - starts, epoch.share[taken], np.float32(0.0))
    # Data whose longest rows end between two sizes are not made longer: most genes of a gene family have one length.
    longest = int(lengths.max())
    times = [min(rounded_up(batch.longest, TIME_PARTS), longest) for batch in epoch.batches]
    uniform = lengths[rows].min(axis=1) == times
    shapes = tuple(Shape(time, count, bool(same)) for time, same in zip(times, uniform, strict=True))
    return PaddedEpoch(rows.astype(np.int32), share.astype(np.float32), shapes)
