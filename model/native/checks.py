"""Refuses what the C++ training would read or write beyond its end.

Shape letters: D distinct rows, T time, V letters, P positions, S optimizer steps, R rows of all batches.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from model.batching import Epoch
from model.device_rows import DeviceRows
from model.native.training import check_floats


def check_rows(data: DeviceRows, tokens: int) -> None:
    """Checks rows of mutations.

    Args:
        data: The rows.
        tokens: P * V, different tokens.

    Raises:
        ValueError: A type, a shape, a length or a token is not what `DeviceRows` says.
    """
    rows, lengths, starts = len(data.positives), data.tokens.lengths, data.tokens.starts
    check_floats([data.positives, data.negatives], [(rows,), (rows,)])
    types = data.tokens.flat.dtype, lengths.dtype, starts.dtype
    expected = torch.int32, torch.int64, torch.int64
    contiguous = data.tokens.flat.is_contiguous() and lengths.is_contiguous() and starts.is_contiguous()
    if types != expected or not lengths.shape == starts.shape == (rows,) or not contiguous:
        raise ValueError(
            f"tokens, lengths and starts are {types} of {rows} rows, {tuple(lengths.shape)} and {tuple(starts.shape)};"
            f" {expected} of as many rows are needed, all contiguous."
        )
    _check_range("lengths", lengths, 1, len(data.tokens.places))
    if not torch.equal(starts, lengths.cumsum(0) - lengths) or int(lengths.sum()) > len(data.tokens.flat):
        raise ValueError(f"rows of {int(lengths.sum())} tokens do not follow each other in {len(data.tokens.flat)}.")
    _check_range("tokens", data.tokens.flat, 0, tokens - 1)


def check_plan(plan: Epoch, rates: Sequence[float], lengths: Tensor) -> None:
    """Checks the batches of an epoch.

    Args:
        plan: Batches of rows 0 to D - 1.
        rates: One for each batch.
        lengths: [D] int64, of the rows.

    Raises:
        ValueError: Batches overlap, are empty or leave rows out, rows are not there, or a longest row is not that.
    """
    starts, stops = [batch.start for batch in plan.batches], [batch.stop for batch in plan.batches]
    follow = starts == [0, *stops[:-1]] and all(start < stop for start, stop in zip(starts, stops, strict=True))
    if not follow or stops[-1] != len(plan.rows) or len(rates) != len(starts):
        raise ValueError(
            f"got batches of {len(plan.rows)} rows from {starts} to {stops} and {len(rates)} learning rates;"
            " batches must follow each other, hold all rows, and have a rate each."
        )
    rows = torch.from_numpy(plan.rows)
    _check_range("rows", rows, 0, len(lengths) - 1)
    check_floats([torch.from_numpy(plan.share)], [(len(rows),)])
    got, longest = [batch.longest for batch in plan.batches], np.maximum.reduceat(lengths[rows].numpy(), starts)
    if got != longest.tolist():
        raise ValueError(f"the batches' longest rows are told to have {got} steps; they have {longest.tolist()}.")


def _check_range(what: str, values: Tensor, lowest: int, highest: int) -> None:
    smallest, largest = (int(bound) for bound in values.aminmax())
    if smallest < lowest or largest > highest:
        raise ValueError(f"{what} reach from {smallest} to {largest}; {lowest} to {highest} is allowed.")
