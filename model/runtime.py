"""The process that training runs in: denormal numbers, threads, devices; `allocator` keeps its memory.

`prepare` belongs at the start of a worker, before anything computes: threads inherit the flush-denormals flag when
they are born.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from model.allocator import keep_memory
from model.errors import DataError

#: What cuBLAS needs to add up in the same order every time; read when a process first uses the GPU.
CUBLAS_ENVIRONMENT = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}


def prepare(threads: int) -> None:
    """Makes this process fit for training; harmless when repeated.

    Flushes denormal numbers (vanishing gradients become denormal and make the backward pass 8 times slower), sets
    the number of CPU threads, makes the allocator keep its memory, and asks cuBLAS for a fixed order of sums.

    Args:
        threads: CPU threads of one training, at least 1.
    """
    torch.set_flush_denormal(True)
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    for name, value in CUBLAS_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    keep_memory()


@contextmanager
def one_thread() -> Iterator[None]:
    """Computes with one CPU thread, for results that must not depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def visible_devices() -> tuple[str, ...]:
    """Names the devices that training can use here, the CPU last: for example ("cuda:0", "cuda:1", "cpu")."""
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return (*gpus, "cpu")


def devices_named(text: str) -> tuple[str, ...]:
    """Names the devices that a user's word stands for: "auto" is every GPU, or the CPU where there is none.

    Raises:
        DataError: The device is unknown or not there.
    """
    if text.strip().lower() == "auto":
        return tuple(name for name in visible_devices() if name != "cpu") or ("cpu",)
    return (str(resolve_device(text)),)


def resolve_device(text: str) -> torch.device:
    """Turns what a user wrote into a device that is there.

    Args:
        text: "auto" (the first GPU, else the CPU), "cpu", "cuda" or "cuda:1".

    Raises:
        DataError: The device is unknown or not there.
    """
    devices = visible_devices()
    name = {"auto": devices[0], "cuda": "cuda:0", "cpu:0": "cpu"}.get(text.strip().lower(), text.strip().lower())
    if name not in devices:
        raise DataError(
            f"Device {text!r} is not there; this machine has {', '.join(devices)}.",
            "Choose one of these, or 'auto'.",
        )
    return torch.device(name)


def computes(device: str) -> bool:
    """Whether a device still answers in this process; after an error inside a kernel, a GPU does not."""
    try:
        return bool(torch.ones(2, device=device).sum().item() == 2.0)
    except RuntimeError:
        return False


@contextmanager
def arithmetic(precision: str, device: torch.device) -> Iterator[None]:
    """Sets how a GPU computes, and that it computes alike every time; a CPU stays as it is.

    Args:
        precision: "fp32" (full), "tf32" (matrix products round their inputs to 10 bits of mantissa) or "bf16"
            (autocast; weights, sums and loss stay fp32).
        device: Where the training runs.
    """
    if device.type != "cuda":
        yield
        return
    # Autocast keeps no copies of weights: they would be those of an epoch's first step, in every step.
    with (
        _PRODUCTS.set("ieee" if precision == "fp32" else "tf32"),
        torch.autocast("cuda", dtype=torch.bfloat16, enabled=precision == "bf16", cache_enabled=False),
    ):
        yield


class _Products:
    """How a GPU's matrix products round, which torch keeps for the whole process.

    Threads that want the same compute at once; one that wants another waits until the last of them is done.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._users = 0
        self._set = ""
        self._undo: Callable[[], None] = lambda: None

    @contextmanager
    def set(self, products: str) -> Iterator[None]:
        """Sets "ieee" or "tf32", and deterministic algorithms, for the body of `with`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._users or self._set == products)
            if not self._users:
                self._undo, self._set = _set_products(products), products
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                if not self._users:
                    self._undo()
                    self._changed.notify_all()


_PRODUCTS = _Products()


def _set_products(products: str) -> Callable[[], None]:
    """Returns what sets everything back."""
    places: tuple[Any, ...] = (torch.backends.cudnn.rnn, torch.backends.cuda.matmul)
    before = [place.fp32_precision for place in places]
    deterministic = torch.backends.cudnn.deterministic

    def undo() -> None:
        for place, value in zip(places, before, strict=True):
            place.fp32_precision = value
        torch.backends.cudnn.deterministic = deterministic

    for place in places:
        place.fp32_precision = products
    torch.backends.cudnn.deterministic = True
    return undo


def best_engine() -> str:
    """Names what runs recurrent layers fastest on this machine's CPU: "native" or "stock"."""
    # Imported here because it may build the native layer, which nothing else in this module needs.
    from model.native import native_layer

    return "stock" if native_layer() is None else "native"
