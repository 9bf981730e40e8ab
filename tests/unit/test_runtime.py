"""The process: denormals, threads, allocator, devices, engines."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model import runtime
from model.allocator import ALLOCATOR_ENVIRONMENT, ALLOCATOR_REMEDY, keep_memory
from model.cores import usable_cores
from model.engines import NativeEngine, StockEngine, engine_for
from model.errors import DataError
from model.gpu.cudnn import CudnnEngine

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@functools.cache
def in_a_process(code: str, **environment: str) -> str:
    """What a fresh Python prints; the process's state cannot be undone, so it is tested in one of its own, once."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    answer = subprocess.run(
        [sys.executable, "-c", code], env={**keep, **environment}, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


PREPARED = """
import torch
from model import runtime
from model.allocator import allocator_environment_is_set
runtime.prepare(2)
tiny = torch.tensor([1e-38]) * 1e-2
print(float(tiny[0]) == 0.0, torch.get_num_threads(), allocator_environment_is_set())
"""


@pytest.mark.slow
def test_prepare_flushes_denormals_and_sets_threads() -> None:
    assert in_a_process(PREPARED).split()[:2] == ["True", "2"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the thresholds are glibc's")
def test_the_allocators_environment_is_recognised() -> None:
    assert in_a_process(PREPARED).split()[2] == "False"
    assert in_a_process(PREPARED, **ALLOCATOR_ENVIRONMENT).split()[2] == "True"


FREED = """
import resource, torch
from model import runtime
{prepare}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
# A few rounds go by before glibc fits aligned blocks into freed ones.
print([faults() for _ in range(20)][-1] < 100)
"""
PREPARE = "runtime.prepare(1)"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is glibc's")
@pytest.mark.parametrize(
    ("prepare", "environment", "kept"),
    [
        ("", {}, "False"),
        (PREPARE, {}, "True"),
        ("", ALLOCATOR_ENVIRONMENT, "True"),
        (PREPARE, {"MALLOC_MMAP_THRESHOLD_": "65536"}, "False"),
        (PREPARE, {**ALLOCATOR_ENVIRONMENT, "MALLOC_MMAP_THRESHOLD_": "65536"}, "False"),
        (PREPARE, {"MALLOC_TOP_PAD_": "4096"}, "True"),
    ],
    ids=[
        "as it is",
        "set inside",
        "environment",
        "a user's own",
        "a user's own in a worker",
        "a user's own of another",
    ],
)
def test_freed_memory_is_kept_for_the_next_step(prepare: str, environment: dict[str, str], kept: str) -> None:
    # Memory that goes back to the system comes again page by page, and each page is a fault.
    assert in_a_process(FREED.format(prepare=prepare), **environment) == kept


def test_a_process_that_cannot_be_set_is_told_once_how_to_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("model.allocator.platform.libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr("model.allocator.ctypes.CDLL", lambda name: object())
    for name in ("LD_PRELOAD", *ALLOCATOR_ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    keep_memory.cache_clear()
    for _ in range(2):
        runtime.prepare(torch.get_num_threads())
    keep_memory.cache_clear()
    (message,) = caplog.messages
    assert ALLOCATOR_REMEDY in message
    assert all(f"{name}={value}" in message for name, value in ALLOCATOR_ENVIRONMENT.items())


def test_devices_are_named_and_found() -> None:
    devices = runtime.visible_devices()
    assert devices[-1] == "cpu"
    assert str(runtime.resolve_device("auto")) == devices[0]
    assert runtime.resolve_device(" CPU ") == CPU
    assert runtime.devices_named("cpu") == ("cpu",)
    assert set(runtime.devices_named("auto")) <= set(devices)


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "", "cpu:1"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(DataError, match=r"this machine has .*cpu"):
        runtime.resolve_device(name)


@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
@pytest.mark.parametrize(("precision", "products"), [("fp32", "ieee"), ("tf32", "tf32"), ("bf16", "tf32")])
def test_a_gpu_computes_as_the_study_says_and_afterwards_as_before(precision: str, products: str) -> None:
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.rnn)
    before = [place.fp32_precision for place in places]
    with runtime.arithmetic(precision, torch.device("cuda")):
        assert [place.fp32_precision for place in places] == [products, products]
        assert torch.backends.cudnn.deterministic
        # Autocast switches itself off where there is no GPU.
        assert torch.is_autocast_enabled("cuda") == (precision == "bf16" and torch.cuda.is_available())
    assert [place.fp32_precision for place in places] == before


def test_a_cpu_computes_in_fp32_whatever_the_study_says() -> None:
    halves = torch.full((4, 4), 1 + 2.0**-12)
    with runtime.arithmetic("bf16", CPU):
        assert torch.equal(halves @ torch.eye(4), halves)


@pytest.fixture
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)


def cgroup(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def v1(quota: str) -> dict[str, str]:
    return {"cpu/cpu.cfs_quota_us": quota, "cpu/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 16),
        ({"cpu.max": "max 100000\n"}, 16),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "6400000 100000\n"}, 16),
        ({"cpu.max": "100 0\n"}, 16),
        ({"cpu.max": ""}, 16),
        (v1("-1\n"), 16),
        (v1("250000\n"), 3),
        ({"cpu/cpu.cfs_quota_us": "250000\n"}, 16),
    ],
)
@pytest.mark.usefixtures("sixteen_cores")
def test_usable_cores_are_those_that_the_container_leaves(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    assert usable_cores(cgroup(tmp_path, files)) == cores


def test_usable_cores_are_those_of_this_process() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_the_best_engine_is_the_one_that_auto_takes() -> None:
    native = runtime.best_engine() == "native"
    assert isinstance(engine_for("auto", CPU), NativeEngine if native else StockEngine)
    assert isinstance(engine_for("stock", CPU), StockEngine)
    assert isinstance(engine_for("native", torch.device("cuda")), CudnnEngine)


def test_a_native_engine_that_cannot_run_is_an_error_only_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.engines.native_layer", lambda: None)
    assert isinstance(engine_for("auto", CPU), StockEngine)
    with pytest.raises(DataError, match="--engine"):
        engine_for("native", CPU)
