"""Where the worker processes of one machine sit: one per GPU or core, or as many as asked for."""

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.cores import usable_cores

#: The driver of NVIDIA, which a container gets from its machine, and the device of AMD's.
_DRIVER, _DEVICE = "libcuda.so.1", Path("/dev/kfd")


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where one worker process sits."""

    #: As PyTorch names it, inside the child.
    device: str
    #: Further environment, for example CUDA_VISIBLE_DEVICES.
    environment: Mapping[str, str]


def slots_here(device: str, workers: int | None) -> list[Slot]:
    """Returns the slots of this machine.

    Args:
        device: As `--device` has it.
        workers: How many; None for one per GPU, or one per core on a CPU.

    Raises:
        DataError: The device is unknown or not there.
    """
    return slots_for(device_names(device), workers, cores=usable_cores())


def slots_for(devices: Sequence[str], workers: int | None, cores: int) -> list[Slot]:
    """Returns one slot per device, or `workers` slots dealt out over the devices.

    Args:
        devices: As PyTorch names them: ["cpu"], or ["cuda:0", "cuda:1"].
        workers: How many; None for one per GPU, or one per core on a CPU.
        cores: CPU cores of this machine.
    """
    count = workers or (cores if list(devices) == ["cpu"] else len(devices))
    return [_slot(devices[index % len(devices)]) for index in range(count)]


def gpu_driver_is_here() -> bool:
    """Whether this machine has a driver without which PyTorch sees no GPU."""
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return _DEVICE.exists()
    return True


def device_names(text: str, driver_is_here: Callable[[], bool] = gpu_driver_is_here) -> tuple[str, ...]:
    """Names the devices that a user's word stands for.

    PyTorch alone can count GPUs. It takes seconds to import, and a parent has no other use for it: it is asked only
    where a GPU may be.

    Args:
        text: As `--device` has it: "auto" is every GPU, or the CPU where there is none.
        driver_is_here: Says whether a GPU may be.

    Raises:
        DataError: The device is unknown or not there.
    """
    word = text.strip().lower()
    if word == "cpu" or (word == "auto" and not driver_is_here()):
        return ("cpu",)
    from model.runtime import devices_named

    return devices_named(text)


def _slot(device: str) -> Slot:
    if not device.startswith("cuda:"):
        return Slot(device=device, environment={})
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    index = int(device.removeprefix("cuda:"))
    name = visible.split(",")[index].strip() if visible else str(index)
    return Slot(device="cuda:0", environment={"CUDA_VISIBLE_DEVICES": name})
