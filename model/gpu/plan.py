"""What the steps of an epoch need, in memory of a device that keeps its place; a captured step reads it from there."""

import numpy as np
import torch
from numpy.typing import NDArray


class DevicePlan:
    """A table with a row for each step, and a counter that says which is next.

    Args:
        steps: S, the most steps of an epoch.
        rows: B, rows of each batch.
        device: Where the training runs.
    """

    def __init__(self, steps: int, rows: int, device: torch.device) -> None:
        # Ordinary tensors, also where a plan for evaluating is made.
        with torch.inference_mode(False):
            self._table = torch.zeros(steps, 2 * rows + 1, dtype=torch.int32, device=device)
            self._now = torch.zeros(1, 2 * rows + 1, dtype=torch.int32, device=device)
            #: [1] int64, the step that is next.
            self.step = torch.zeros(1, dtype=torch.int64, device=device)
            floats = self._now[0].view(torch.float32)
            #: [B] int32 and [B] float32, the step's rows and their shares; [] float32, its learning rate.
            self.rows, self.share, self.rate = self._now[0, :rows], floats[rows : 2 * rows], floats[-1]

    def load(self, table: NDArray[np.int32]) -> None:
        """Begins an epoch.

        Args:
            table: [at most S, 2B + 1], from `PaddedEpoch.table`.
        """
        self._table[: len(table)].copy_(torch.from_numpy(table))
        self.step.zero_()

    def pick(self) -> None:
        """Brings the next step's part into place."""
        torch.index_select(self._table, 0, self.step, out=self._now)

    def advance(self) -> None:
        """Goes on to the next step. The host says nothing, so a replayed step does the same."""
        self.step.add_(1)
