"""Building, caching and refusing the native library: real compilers, real files, real processes.

How well the compiler optimises changes nothing of this, so that it is told not to: a build then takes a third as long.
"""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from model.native import building
from model.native.building import BuildError, library
from model.native.layer import NativeLayer
from model.native.loading import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not any(map(shutil.which, building.COMPILERS)), reason="no C++ compiler here"),
    pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"), reason="a CPU without AVX2"),
]
DEADLINE_S = 120.0


@pytest.fixture(scope="module", autouse=True)
def _hurried_compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stands before the machine's own in PATH."""
    folder = tmp_path_factory.mktemp("compiler")
    own = next(filter(None, map(shutil.which, building.COMPILERS)))
    (folder / "c++").write_text(f'#!/bin/sh\nexec "{own}" "$@" -O0\n')
    (folder / "c++").chmod(0o755)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PATH", str(folder), prepend=os.pathsep)
        environment.delenv("CXX", raising=False)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds a library; tests copy it, so that each has its own."""
    cache = tmp_path_factory.mktemp("built")
    library(environment(cache))
    return cache


def environment(cache: Path, *, path: str | None = None) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(cache), "PATH": os.environ["PATH"] if path is None else path}


def copied(built: Path, target: Path) -> tuple[Path, Path]:
    """Returns a copy of the cache and the library in it."""
    shutil.copytree(built, target)
    (found,) = target.rglob("bilstm-*.so")
    return target, found


def test_a_built_library_is_found_again_without_a_compiler(built: Path) -> None:
    (expected,) = built.rglob("bilstm-*.so")
    assert library(environment(built, path="")) == expected.resolve()


def test_another_architecture_is_another_library(built: Path) -> None:
    with pytest.raises(BuildError, match="no C\\+\\+ compiler"):
        library(environment(built, path=""), architecture="haswell")


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data[:-1] + b"?", lambda data: b""]
)
def test_a_damaged_library_is_built_anew(built: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    cache, path = copied(built, tmp_path / "cache")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BuildError, match="no C\\+\\+ compiler"):
        library(environment(cache, path=""))
    assert not path.exists()


def test_a_rebuilt_library_loads(built: Path, tmp_path: Path) -> None:
    cache, path = copied(built, tmp_path / "cache")
    path.write_bytes(b"not a library")
    NativeLayer(library(environment(cache)))


def test_no_compiler_means_the_stock_path_and_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="model.native"):
        assert load(environment(tmp_path, path="")) is None
    (record,) = caplog.records
    assert "no C++ compiler was found" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_failing_compiler_means_the_stock_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\necho 'fatal error: out of luck' >&2\nexit 1\n")
    compiler.chmod(0o755)
    assert load(environment(tmp_path / "cache", path=str(tmp_path))) is None
    assert "fatal error: out of luck" in caplog.text
    assert not list((tmp_path / "cache").rglob("building-*"))


def test_a_cpu_without_avx2_means_the_stock_path_and_one_line_in_the_log(
    built: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    with caplog.at_level(logging.INFO, logger="model.native"):
        assert load(environment(built)) is None
    (record,) = caplog.records
    assert "this CPU offers DEFAULT, and the native layer needs AVX2 or AVX-512" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_the_environment_turns_it_off_without_a_word(built: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load({**environment(built), "HPO_ENGINE": "stock"}) is None
    assert not caplog.records
    assert load(environment(built)) is not None


def test_a_folder_where_others_may_write_is_refused(built: Path, tmp_path: Path) -> None:
    cache, path = copied(built, tmp_path / "cache")
    for writable in (path, path.parent, cache / "hpo"):
        before = writable.stat().st_mode
        writable.chmod(before | 0o022)
        with pytest.raises(BuildError, match="writable by others"):
            library(environment(cache))
        writable.chmod(before)
    assert library(environment(cache)) == path.resolve()


def test_a_link_in_the_cache_is_refused(built: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "hpo").symlink_to(built / "hpo")
    with pytest.raises(BuildError, match="is a link"):
        library(environment(cache))


def test_a_cache_that_cannot_be_made_means_the_stock_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert load(environment(tmp_path / "file" / "cache")) is None
    assert load({"PATH": os.environ["PATH"]}) is None
    assert [("cannot be used" in m, "absolute path" in m) for m in caplog.messages] == [(True, False), (False, True)]


def start_building(cache: Path) -> subprocess.Popen[str]:
    """Starts a process that prints the library's path once it has loaded it."""
    code = (
        "import os; from model.native.building import library; from model.native.layer import NativeLayer;"
        "path = library(os.environ); NativeLayer(path); print(path)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment(cache)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    return output.strip()


def test_workers_that_start_at_once_share_one_library(tmp_path: Path) -> None:
    processes = [start_building(tmp_path) for _ in range(2)]
    paths = {finished(process) for process in processes}
    assert paths == {str(path) for path in tmp_path.rglob("bilstm-*.so")}
    assert len(paths) == 1


def test_a_worker_killed_while_building_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    victim = start_building(tmp_path)
    deadline = time.monotonic() + DEADLINE_S
    while not list(tmp_path.rglob("building-*")):
        assert victim.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks
    os.killpg(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert not list(tmp_path.rglob("bilstm-*.so"))
    NativeLayer(library(environment(tmp_path)))
    assert not list(tmp_path.rglob("building-*"))
