"""Whether a training step has room in a CPU's memory: said before training, for a system that runs out of it kills.

A batch is padded to its longest row, so one very long row costs memory times the rows beside it. A GPU needs no such
look: what does not fit there is an error that names the device. Imports no torch.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.batching import Pace
from model.configuration import LearnerConfig
from model.cores import CGROUP
from model.errors import OutOfMemoryError

#: Bytes that a step keeps at least for each row, token of the longest row, layer and hidden unit. Measured: the native
#: layer keeps 16 with one long row among short ones, and 48 where all are as long...
NATIVE_BYTES = 16
#: ...and `nn.LSTM` 126 to 169, however long the others are.
STOCK_BYTES = 120
_GIB = 2**30
#: A container's limit, from cgroup v2 and from v1.
_FILES = ("memory.max", "memory/memory.limit_in_bytes")


def machine_memory(cgroup: Path = CGROUP) -> int:
    """Returns the bytes of memory that this machine has, or its container may take."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _FILES:
        try:
            sizes.append(int((cgroup / name).read_text()))
        except (OSError, ValueError):  # without a limit, v2 says "max"
            continue
    return min(size for size in sizes if size > 0)


def step_rows(distinct: int, rhythm: Pace) -> int:
    """Returns how many rows each batch has at least."""
    return max(rhythm.passes * distinct // rhythm.steps, 1)


def step_bytes(config: LearnerConfig, longest: int, rows: int, *, native: bool = True) -> int:
    """Estimates from below what an optimizer step keeps until it has its gradient.

    Args:
        config: Its layers and hidden units.
        longest: T, of the batch.
        rows: B.
        native: Whether the native layer computes, which keeps less than `nn.LSTM`.
    """
    return (NATIVE_BYTES if native else STOCK_BYTES) * rows * longest * config.layers * config.hidden_size


def check_room(config: LearnerConfig, lengths: NDArray[np.int64], rhythm: Pace, *, native: bool) -> None:
    """Refuses a training whose longest row needs more memory than there is.

    Args:
        config: The configuration.
        lengths: [D], of the distinct rows in tokens.
        rhythm: Of an epoch over them.
        native: See `step_bytes`.

    Raises:
        OutOfMemoryError: Telling how long that row is.
    """
    longest, rows = int(lengths.max()), step_rows(len(lengths), rhythm)
    needed, there = step_bytes(config, longest, rows, native=native), machine_memory()
    if needed > there:
        raise OutOfMemoryError(
            f"The longest sequence has {longest:,} tokens, half of all have {np.median(lengths):,.0f} or fewer: a step "
            f"on {rows} rows with it takes more than {in_gib(needed)}, and this machine has {in_gib(there)}.",
            "Leave out what is so long (--longest), or use a smaller batch size, hidden size or encoding.",
        )


def in_gib(size: int) -> str:
    """Writes a size for people."""
    return f"{size / _GIB:,.1f} GiB"
