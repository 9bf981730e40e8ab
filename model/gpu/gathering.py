"""Look-ups whose gradients are few kernels and add up in one order; torch's own sort the indices first."""

from typing import Any

import torch
from torch import Tensor


class _LookUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, tokens: Tensor) -> Tensor:
        ctx.save_for_backward(tokens)
        ctx.size = len(table)
        return table.index_select(0, tokens.flatten().int()).view(*tokens.shape, -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (tokens,) = ctx.saved_tensors
        # Autocast would round: what is added up here are many small numbers.
        with torch.autocast(tokens.device.type, enabled=False):
            values = torch.arange(ctx.size, dtype=tokens.dtype, device=tokens.device)
            chosen = (tokens.unsqueeze(1) == values.unsqueeze(1)).float()  # [T, V, B]
            return torch.bmm(chosen, gradients[0].float()).sum(0), None


def look_up(table: Tensor, tokens: Tensor) -> Tensor:
    """Picks each token's vector.

    Args:
        table: [V, E].
        tokens: [T, B] uint8 or int32, each below V.

    Returns:
        [T, B, E].
    """
    result: Tensor = _LookUp.apply(table, tokens)  # type: ignore[no-untyped-call]
    return result


def sum_up(weights: Tensor, tokens: Tensor, stated: bool) -> Tensor:
    """Sums one weight for each token of a sequence.

    Args:
        weights: [P, V], by position and letter.
        tokens: [T, B], letters in the order of positions; those beyond P count nothing.
        stated: Whether tokens say their position themselves: position * V + letter. Each but 0, which is padding, then
            has its position's weight too, which stands at letter 0.

    Returns:
        [B].
    """
    positions, size = weights.shape
    if stated:
        rows, letters = look_up(weights, tokens // size), tokens % size
    else:
        letters = tokens[:positions]
        rows = weights[: len(letters)].unsqueeze(1)
    every = torch.arange(size, dtype=letters.dtype, device=letters.device)
    chosen = letters.unsqueeze(2) == every
    if stated:
        chosen = (chosen | (every == 0)) & (tokens != 0).unsqueeze(2)
    return (rows * chosen).sum(dim=(0, 2))


class _AtEnds(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, outputs: Tensor, lengths: Tensor) -> Tensor:
        half = outputs.shape[2] // 2
        index = (lengths - 1).view(1, -1, 1).expand(1, -1, half)
        ctx.save_for_backward(index)
        ctx.steps = len(outputs)
        return torch.cat([outputs[:, :, :half].gather(0, index)[0], outputs[0, :, half:]], dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        (gradient,), half = gradients, index.shape[2]
        whole = gradient.new_zeros(ctx.steps, *gradient.shape)
        whole[:, :, :half].scatter_(0, index, gradient[:, :half].unsqueeze(0))
        whole[0, :, half:] = gradient[:, half:]
        return whole, None


def at_ends(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Does what `layers.final_states` does.

    Args:
        outputs: [T, B, 2H], forward direction first.
        lengths: [B] int64.

    Returns:
        [B, 2H]: the forward direction's at each sequence's end, beside the backward direction's at its start.
    """
    result: Tensor = _AtEnds.apply(outputs, lengths)  # type: ignore[no-untyped-call]
    return result
