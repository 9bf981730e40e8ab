"""Processes as the system shows them, and waiting for what they do."""

import time
from collections.abc import Callable
from pathlib import Path


def until(condition: Callable[[], bool], timeout_s: float = 90) -> None:
    """Wait for something to happen.

    Raises:
        AssertionError: It did not happen in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    """Process ids of the children that a process's main thread started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    pairs = (pair.split("=", 1) for pair in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in pair)
    return dict(pairs)  # type: ignore[arg-type]
