"""GPUs as far as a machine without one shows: which are seen, who gets which, and what becomes of a full one."""

import json
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
import torch

from hpo.signals import StopFlag
from hpo.study.address import StudyAddress
from hpo.workers.devices import Slot, device_names, slots_for
from hpo.workers.fleet import Fleet
from model import runtime
from model.device_rows import memory_errors
from model.errors import DataError, OutOfMemoryError


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch says of a machine with two."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_auto_is_every_gpu_and_a_name_is_one(two_gpus) -> None:
    assert runtime.devices_named("auto") == ("cuda:0", "cuda:1")
    assert runtime.devices_named("cuda:1") == ("cuda:1",)
    assert runtime.devices_named("cuda") == ("cuda:0",)
    assert runtime.devices_named("cpu") == ("cpu",)
    with pytest.raises(DataError, match="cuda:0, cuda:1, cpu"):
        runtime.devices_named("cuda:2")


def test_a_driver_that_does_not_work_is_no_gpu(two_gpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert runtime.devices_named("auto") == ("cpu",)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_parent_without_a_gpu_needs_no_torch(device: str) -> None:
    code = (
        "import sys; import hpo.workers.parent; from hpo.workers.devices import device_names;"
        f"assert device_names({device!r}, driver_is_here=lambda: False) == ('cpu',); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_where_a_driver_is_the_gpus_are_counted(two_gpus) -> None:
    assert device_names("auto", driver_is_here=lambda: True) == ("cuda:0", "cuda:1")
    assert device_names("cuda:1", driver_is_here=lambda: False) == ("cuda:1",)


@pytest.mark.parametrize(
    ("device", "workers", "visible", "seen"),
    [
        ("auto", None, None, ["0", "1"]),
        ("auto", None, "3,1", ["3", "1"]),
        ("auto", None, "GPU-8f2a0c11,GPU-77bd", ["GPU-8f2a0c11", "GPU-77bd"]),
        ("auto", 3, None, ["0", "1", "0"]),
        ("cuda:1", None, "GPU-8f2a0c11,GPU-77bd", ["GPU-77bd"]),
        ("cuda:1", 2, None, ["1", "1"]),
        ("cpu", 2, "3,1", ["3,1", "3,1"]),
    ],
)
def test_each_process_starts_with_a_gpu_of_its_own(
    two_gpus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device, workers, visible, seen
) -> None:
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    slots = slots_for(device_names(device, driver_is_here=lambda: True), workers, cores=1)
    children = started_for(slots, tmp_path)
    assert sorted(sees for sees, _ in children) == sorted(seen)
    # Whichever it is, the process that sees one GPU finds it as the first.
    assert {told for _, told in children} == {"cpu" if device == "cpu" else "cuda:0"}


#: In place of a worker: it writes its environment and its arguments into a folder, in a file of its own.
CHILD = """
import json, os, pathlib, sys
folder, *arguments = sys.argv[1:]
told = json.dumps([os.environ["CUDA_VISIBLE_DEVICES"], arguments[arguments.index("--device") + 1]])
pathlib.Path(folder, os.environ["HPO_WORKER_NAME"]).write_text(told)
"""


class Nobody:
    """Takes nothing back: no child of these holds a trial."""

    def from_stopped(self, workers: Collection[str]) -> None:
        assert not workers


def started_for(slots: Sequence[Slot], folder: Path) -> list[list[str]]:
    """Starts a fleet of real processes; returns CUDA_VISIBLE_DEVICES as each finds it, and the device it is told."""
    fleet = Fleet(
        slots=slots,
        address=StudyAddress(storage="sqlite:///nowhere.db"),
        take_back=Nobody(),
        stop=StopFlag(),
        command=(sys.executable, "-c", CHILD, str(folder)),
    )
    deadline = time.monotonic() + 120
    with fleet:
        while fleet.alive:
            assert time.monotonic() < deadline, "the processes did not end"
            fleet.poll()
            time.sleep(0.01)
    assert fleet.exit_codes == [0] * len(slots)
    return [json.loads(told.read_text()) for told in folder.iterdir()]


def test_a_gpu_that_runs_out_of_memory_is_named_with_the_next_step() -> None:
    words = r"memory of cuda:1 .*smaller batch size"
    with pytest.raises(OutOfMemoryError, match=words), memory_errors(torch.device("cuda:1")):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def test_another_error_of_a_gpu_is_left_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="device-side assert"), memory_errors(torch.device("cuda:1")):
        raise RuntimeError("CUDA error: device-side assert triggered")
