"""Where the worker processes of one machine sit: one per GPU or core, or as many as asked for."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where one worker process sits."""

    #: As `hpo worker --device` takes it, inside the child.
    device: str
    #: Further environment, for example CUDA_VISIBLE_DEVICES.
    environment: Mapping[str, str]


def seats_for(devices: Sequence[str], workers: int | None, cores: int) -> list[Seat]:
    """One seat per device, or `workers` seats dealt out over the devices.

    Args:
        devices: As PyTorch names them: ["cpu"], or ["cuda:0", "cuda:1"].
        workers: How many; None for one per GPU, or one per core on a CPU.
        cores: CPU cores of this machine.
    """
    count = workers or (cores if list(devices) == ["cpu"] else len(devices))
    return [_seat(devices[index % len(devices)]) for index in range(count)]


def _seat(device: str) -> Seat:
    if not device.startswith("cuda:"):
        return Seat(device=device, environment={})
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    index = int(device.removeprefix("cuda:"))
    name = visible.split(",")[index].strip() if visible else str(index)
    return Seat(device="cuda:0", environment={"CUDA_VISIBLE_DEVICES": name})
