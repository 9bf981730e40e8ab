"""What the steps of an epoch need and give, in memory that keeps its place: a captured step knows no other."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


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
            self._step = torch.zeros(1, dtype=torch.int64, device=device)
            #: [S, B] float32, the logits of each step's rows.
            self.logits = torch.zeros(steps, rows, device=device)
            floats = self._now[0].view(torch.float32)
            #: [B] int32 and [B] float32, the step's rows and their shares; [] float32, its learning rate.
            self.rows, self.share, self.rate = self._now[0, :rows], floats[rows : 2 * rows], floats[-1]
            #: [S, B] int32 and [S, B] float32, rows and shares of all steps.
            self.all_rows, self.all_shares = self._table[:, :rows], self._table[:, rows:-1].view(torch.float32)

    def load(self, table: NDArray[np.int32]) -> None:
        """Brings an epoch to the device and begins it.

        Args:
            table: [at most S, 2B + 1], from `PaddedEpoch.table`.
        """
        self._table[: len(table)].copy_(torch.from_numpy(table))
        self.begin()

    def begin(self) -> None:
        """Begins the epoch that is there, once more."""
        self._step.zero_()

    def pick(self) -> None:
        """Brings the next step's part into place."""
        torch.index_select(self._table, 0, self._step, out=self._now)

    def advance(self, logits: Tensor) -> None:
        """Keeps the logits [B] of the step's rows, and goes on to the next step.

        It is the device that counts: the host says nothing, so a replayed step does the same.
        """
        self.logits.index_copy_(0, self._step, logits.detach().float().unsqueeze(0))
        self._step.add_(1)
