"""Dropout from a random stream of its own: the process's generators are neither read nor moved.

Random numbers of 16 bits, drawn four at a time, cost a tenth of torch's Bernoulli numbers on a CPU. They are drawn in
one thread and in one order, so every engine drops the same values, with any number of threads.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

#: Different random numbers; shares of dropped values are whole parts of it.
_NUMBERS = 1 << 16


@dataclass(frozen=True, eq=False)
class DropoutMask:
    """Which values are dropped."""

    #: int16, one for each value, on the values' device.
    bits: Tensor
    #: Values with smaller bits are dropped.
    lowest: int
    #: What the others are multiplied by, so that the mean stays.
    scale: float


def bounds(share: float) -> tuple[int, float]:
    """Returns `lowest` and `scale` of the masks that drop `share` (0 to below 1) of all values."""
    dropped = round(share * _NUMBERS)
    return dropped - _NUMBERS // 2, _NUMBERS / (_NUMBERS - dropped)


class DropoutStream:
    """The random numbers of one training, the same for the same seed.

    Args:
        seed: At least 0.
        device: Where the values are.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._words = np.random.SFC64(seed)
        self._generator = None if device.type == "cpu" else torch.Generator(device).manual_seed(seed)

    @property
    def generator(self) -> torch.Generator | None:
        """The device's generator; None on a CPU."""
        return self._generator

    @property
    def state(self) -> Tensor:
        """Where the stream stands, on the CPU: int64 [4] on a CPU, and as its generator says elsewhere."""
        if self._generator is not None:
            return self._generator.get_state()
        return torch.from_numpy(self._words.state["state"]["state"].view(np.int64).copy())

    @state.setter
    def state(self, state: Tensor) -> None:
        if self._generator is not None:
            self._generator.set_state(state)
            return
        begun = self._words.state
        self._words.state = {**begun, "state": {"state": state.numpy().view(np.uint64)}}

    def mask(self, like: Tensor, share: float) -> DropoutMask:
        """Draws a mask for values of one shape, of which `share` (0 to below 1) are dropped."""
        return DropoutMask(self._bits(like), *bounds(share))

    def _bits(self, like: Tensor) -> Tensor:
        words = -(-like.numel() // 4)
        if self._generator is None:
            drawn = torch.from_numpy(self._words.random_raw(words).view(np.int16))
        else:
            drawn = torch.empty(words, dtype=torch.int64, device=like.device)
            drawn = drawn.random_(-(1 << 63), None, generator=self._generator).view(torch.int16)
        return drawn[: like.numel()].view(like.shape)
