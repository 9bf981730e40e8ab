"""Lanes: several threads of one process that train on one GPU at once, each on a stream of its own."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: Held by whoever captures a graph, frees one, or takes a plain step. The gradients of all lanes are computed by one
#: thread of torch, with one handle of cuDNN: what a plain step gives it must not join another lane's capture. And torch
#: does not guard what it keeps of captures for the whole process. Replayed steps, all but the first few, need no lock.
GRAPH_LOCK = threading.RLock()

_LOCK = threading.Lock()
#: Streams that no lane uses. They are used again and never dropped, because cuBLAS keeps a workspace for each.
_FREE: defaultdict[torch.device, list[torch.cuda.Stream]] = defaultdict(list)


_AWAKE: set[torch.device] = set()


def wake_gradients(device: torch.device) -> None:
    """Lets torch's thread for gradients begin with a kernel that is no matrix product: cuBLAS would warn about one."""
    with _LOCK:
        if device.type == "cuda" and device not in _AWAKE:
            (torch.ones(1, device=device, requires_grad=True) * 2).sum().backward()  # type: ignore[no-untyped-call]
            _AWAKE.add(device)


@contextmanager
def lane(device: torch.device) -> Iterator[None]:
    """Computes on a stream of the caller's own until the body of `with` ends; on a CPU nothing changes.

    Args:
        device: Where the caller trains or predicts.
    """
    if device.type != "cuda":
        yield
        return
    with _LOCK:
        stream = _FREE[device].pop() if _FREE[device] else None
    stream = stream or torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    try:
        with torch.cuda.stream(stream):
            yield
    finally:
        with _LOCK:
            _FREE[device].append(stream)
