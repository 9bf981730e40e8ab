"""Rows without padding on the device that computes, padded batch by batch."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.ragged import Ragged


@dataclass(frozen=True, eq=False)
class DeviceTokens:
    """Rows one after another, as `Ragged` has them."""

    #: [L + T] uint8, or int32 for mutations; the last T are 0, so that T tokens can be read from any row's first on.
    flat: Tensor
    starts: Tensor  # [D] int64
    lengths: Tensor  # [D] int64
    places: Tensor  # [T, 1] int64, 0 to T - 1

    @classmethod
    def load(cls, rows: Ragged, device: torch.device) -> "DeviceTokens":
        """Copies rows to a device."""
        behind = np.zeros(rows.width, dtype=rows.flat.dtype)
        return cls(
            flat=torch.from_numpy(np.concatenate([rows.flat, behind])).to(device),
            starts=torch.from_numpy(rows.starts).to(device),
            lengths=torch.from_numpy(rows.lengths.astype(np.int64)).to(device),
            places=torch.arange(rows.width, device=device).unsqueeze(1),
        )

    def batch(self, rows: Tensor, steps: int, *, uniform: bool = False) -> tuple[Tensor, Tensor | None]:
        """Makes a batch.

        Args:
            rows: [B] int64 or int32.
            steps: T of the batch, at least the length of its longest row.
            uniform: Whether all rows are known to have so many tokens.

        Returns:
            Tokens [steps, B], PAD after each row's end; and lengths [B], or None where they are uniform.
        """
        # A window for each place of `flat` is a view: nothing is copied but the windows that are picked. These are
        # turned afterwards: a CPU takes hundreds of times as long the other way round.
        windows = self.flat.unfold(0, steps, 1).index_select(0, self.starts.index_select(0, rows))
        tokens = windows.t().contiguous()
        if uniform:
            return tokens, None
        lengths = self.lengths.index_select(0, rows)
        return tokens.mul_(self.places[:steps] < lengths), lengths
