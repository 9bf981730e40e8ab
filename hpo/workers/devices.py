"""Where the worker processes of one machine sit: one per GPU or core, or as many as asked for."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where one worker process sits."""

    #: As `hpo worker --device` takes it, inside the child.
    device: str
    #: Further environment, for example CUDA_VISIBLE_DEVICES.
    environment: Mapping[str, str]


def slots_for(devices: Sequence[str], workers: int | None, cores: int) -> list[Slot]:
    """One slot per device, or `workers` slots dealt out over the devices.

    Args:
        devices: As PyTorch names them: ["cpu"], or ["cuda:0", "cuda:1"].
        workers: How many; None for one per GPU, or one per core on a CPU.
        cores: CPU cores of this machine.
    """
    count = workers or (cores if list(devices) == ["cpu"] else len(devices))
    return [_slot(devices[index % len(devices)]) for index in range(count)]


def _slot(device: str) -> Slot:
    if not device.startswith("cuda:"):
        return Slot(device=device, environment={})
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    index = int(device.removeprefix("cuda:"))
    name = visible.split(",")[index].strip() if visible else str(index)
    return Slot(device="cuda:0", environment={"CUDA_VISIBLE_DEVICES": name})
