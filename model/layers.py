"""The parts of the network: sequence reversal, one bidirectional LSTM layer, pooling.

Everything is time-major ([T, B, features]) because that is what the LSTM kernels of oneDNN and cuDNN read
without copying. Padding stands at the end of a sequence and is never seen: no output at a valid token
depends on it, and nothing but valid tokens is pooled.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


def reversal(lengths: Tensor, steps: int) -> Tensor:
    """Index that reverses each sequence within its own length and leaves its padding where it is.

    Args:
        lengths: [B] int64, 1 to `steps`.
        steps: T.

    Returns:
        [T * B] int64 row numbers into a [T * B, features] view of a time-major tensor; its own inverse.
    """
    time = torch.arange(steps, device=lengths.device).unsqueeze(1)
    mirrored = lengths.unsqueeze(0) - 1 - time
    rows = torch.where(mirrored >= 0, mirrored, time) * len(lengths)
    return (rows + torch.arange(len(lengths), device=lengths.device)).flatten()


class _Permute(torch.autograd.Function):
    """Picks rows by a permutation that is its own inverse, so that the gradient is the same cheap pick.

    `index_select` alone would add up its gradient atomically: slower, and on a GPU in changing order.
    """

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        return values.flatten(0, 1).index_select(0, index).view_as(values)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors  # type: ignore[attr-defined]
        gradient = gradients[0]
        return gradient.flatten(0, 1).index_select(0, index).view_as(gradient), None


def reverse_within_lengths(values: Tensor, index: Tensor) -> Tensor:
    """Reverses [T, B, features] along time, each sequence within its length; `index` is from `reversal`."""
    result: Tensor = _Permute.apply(values, index)  # type: ignore[no-untyped-call]
    return result


class BidirectionalLSTM(nn.Module):
    """The weights of one bidirectional layer, as two `nn.LSTM` of one direction each.

    Args:
        input_size: I, features of a token.
        hidden_size: H, units of one direction.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.ahead = nn.LSTM(input_size, hidden_size)
        self.back = nn.LSTM(input_size, hidden_size)

    @property
    def directions(self) -> Iterator[nn.LSTM]:
        """The forward direction, then the backward one."""
        return iter((self.ahead, self.back))

    def stacked(self) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the weights of both directions together.

        Returns:
            Input weights [2, 4H, I], state weights [2, 4H, H] and the sum of both biases [2, 4H]; forward first.
        """
        ahead, back = ((*one.parameters(),) for one in self.directions)
        w_in, w_state = (torch.stack(pair) for pair in zip(ahead[:2], back[:2], strict=True))
        # Added before they are stacked: else both biases' gradients are views of one memory, and clipping shortens
        # them twice.
        return w_in, w_state, torch.stack([ahead[2] + ahead[3], back[2] + back[3]])


def known(lengths: Tensor | None, values: Tensor) -> Tensor:
    """Returns lengths [B] as they are, or T for each row of `values` [T, B, ...] where there are none."""
    return values.new_full(values.shape[1:2], len(values), dtype=torch.int64) if lengths is None else lengths


def final_states(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Each direction's state after its last valid token.

    Args:
        outputs: [T, B, 2H], forward direction first.
        lengths: [B] int64.

    Returns:
        [B, 2H]: the forward direction's at the sequence's end, beside the backward direction's at its start.
    """
    half = outputs.shape[2] // 2
    columns = torch.arange(len(lengths), device=outputs.device)
    return torch.cat([outputs[lengths - 1, columns, :half], outputs[0, :, half:]], dim=1)


def pool(outputs: Tensor, last: Tensor, lengths: Tensor | None, pooling: str) -> Tensor:
    """One vector per sequence from the outputs at its valid tokens.

    Args:
        outputs: [T, B, 2H], forward direction first.
        last: [B, 2H], final states.
        lengths: [B] int64, or None where every sequence has T tokens.
        pooling: "last" (the final states, as Keras' `Bidirectional(LSTM)` returns them), "mean" or "max".

    Returns:
        [B, 2H].
    """
    if pooling == "last":
        return last
    if lengths is None:
        return outputs.mean(0) if pooling == "mean" else outputs.amax(0)
    valid = (torch.arange(len(outputs), device=outputs.device).unsqueeze(1) < lengths).unsqueeze(2)
    if pooling == "mean":
        return outputs.masked_fill(~valid, 0.0).sum(0) / lengths.unsqueeze(1)
    return outputs.masked_fill(~valid, float("-inf")).amax(0)
