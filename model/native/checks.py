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
    width, rows = data.tokens.shape
    check_floats([data.positives, data.negatives], [(rows,), (rows,)])
    types, expected = (data.tokens.dtype, data.lengths.dtype), (torch.int32, torch.int64)
    if types != expected or data.lengths.shape != (rows,) or not data.lengths.is_contiguous():
        raise ValueError(
            f"tokens and lengths are {types} of {rows} rows and {tuple(data.lengths.shape)};"
            f" {expected} of as many rows are needed, the lengths contiguous."
        )
    _check_range("lengths", data.lengths, 1, width)
    _check_range("tokens", data.tokens, 0, tokens - 1)


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
