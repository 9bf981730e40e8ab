"""The fuzzer itself: what it counts, that it goes on, and that it finds what it is there to find."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from model.errors import DataError

SCRIPTS = Path(__file__).parents[2] / "scripts"


def fuzz(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPTS / "fuzz"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


@pytest.mark.slow
def test_it_goes_on_where_it_was_and_counts_every_input_once(tmp_path: Path) -> None:
    state = tmp_path / "kept" / "state.json"
    for inputs in ("30", "50"):
        ended = fuzz("--reader", "delimited", "--inputs", inputs, "--state", str(state))
        assert ended.returncode == 0, ended.stdout + ended.stderr
        done = json.loads(state.read_text())["delimited"]
        assert done["inputs"] == done["read"] + done["refused"] == int(inputs)
        assert done["findings"] == []
    assert "50 inputs, 0 findings" in ended.stdout


@pytest.mark.slow
def test_an_input_follows_from_its_number(tmp_path: Path) -> None:
    for name in ("one", "two"):
        fuzz("--reader", "json", "--only", "7", "--save", str(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() != b""


def quietly(data: bytes, folder: Path) -> None:
    pass


def refusing(data: bytes, folder: Path) -> None:
    raise DataError("No genes.")


def failing(data: bytes, folder: Path) -> None:
    raise KeyError("x")


def hanging(data: bytes, folder: Path) -> None:
    while time.monotonic():
        pass


def filling(data: bytes, folder: Path) -> None:
    bytearray(os.urandom(2**20) * 300)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("read", "told"),
    [(quietly, "read"), (refusing, "refused"), (failing, "KeyError"), (hanging, "more than 1 s"), (filling, "MiB of")],
)
def test_what_ends_otherwise_is_found(read: Callable[[bytes, Path], None], told: str) -> None:
    # In a process of its own: it listens to a signal, and its peak of memory counts.
    program = (
        "import signal, test_fuzz; from pathlib import Path; from fuzzing import child, readers;"
        "child.SECONDS = 1.0; signal.signal(signal.SIGPROF, child._too_slow);"
        f"print(child.read_one(readers.Reader(test_fuzz.{read.__name__}), b'', Path('.')) or 'read')"
    )
    folders = [str(SCRIPTS), str(SCRIPTS.parent), str(SCRIPTS.parent / "tests" / "helpers"), str(Path(__file__).parent)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=environment, check=True
    )
    assert told in ended.stdout
