"""The bench's side of a variant's process, and the environment in which Keras lives."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from engines.cases import GpuCase
from model.allocator import ALLOCATOR_ENVIRONMENT

SCRIPTS = Path(__file__).resolve().parents[1]
ROOT = SCRIPTS.parent
KERAS_PACKAGES = ("keras==3.15.1", "tensorflow==2.21.0", "numpy")
OURS = ("stock", "native", "plain", "graphs")


@dataclass(frozen=True)
class Launch:
    """How a variant is started."""

    variant: str  # keras, tutorial, stock, native or limit
    data: Path
    threads: int
    batch: int
    seed: int = 0

    def command(self, keras_python: Path) -> list[str]:
        """What is started."""
        numbers = [str(self.data), *map(str, (self.threads, self.batch, self.seed))]
        if self.variant == "keras":
            return [str(keras_python), str(SCRIPTS / "engines" / "with_keras.py"), *numbers]
        return [sys.executable, "-m", "engines.with_torch", self.variant, *numbers]


@dataclass(frozen=True)
class GpuLaunch:
    """How a way of training on a GPU is started."""

    variant: str  # tutorial, plain or graphs
    case: GpuCase
    precision: str
    lanes: int = 1

    def command(self, _: Path) -> list[str]:
        """What is started."""
        told = {**asdict(self.case), "precision": self.precision, "lanes": self.lanes}
        return [sys.executable, "-m", "engines.on_gpu", self.variant, json.dumps(told)]


class Child:
    """A variant in a process of its own, ready to work.

    Args:
        launch: What to start.
        keras_python: The Python that has Keras.
    """

    def __init__(self, launch: Launch | GpuLaunch, keras_python: Path = Path()) -> None:
        self._process = subprocess.Popen(
            launch.command(keras_python),
            cwd=SCRIPTS,
            env=_environment(launch),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Child":
        self.answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, work: str) -> None:
        """Starts a piece of work."""
        assert self._process.stdin is not None  # noqa: S101 - both pipes were asked for
        print(work, file=self._process.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        """Waits for what the work's end tells."""
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended with {self._process.wait()}; its messages stand above.")
        told: dict[str, Any] = json.loads(line)
        return told

    def do(self, work: str) -> dict[str, Any]:
        """Does a piece of work from beginning to end."""
        self.tell(work)
        return self.answer()


def _environment(launch: Launch | GpuLaunch) -> Mapping[str, str]:
    # A tutorial and Keras run with what the system gives; our workers start with the allocator set.
    kept = {name: value for name, value in os.environ.items() if name not in ALLOCATOR_ENVIRONMENT}
    ours = ALLOCATOR_ENVIRONMENT if launch.variant in OURS else {}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    # Keras must not see our environment's packages, only what its own holds.
    return {**kept, **ours, "PYTHONPATH": "" if launch.variant == "keras" else os.pathsep.join(paths)}


def keras_python(named: Path | None) -> Path:
    """The Python that has Keras: the one that was named, or one in an environment that is made now, once."""
    if named is not None:
        return named
    folder = ROOT / ".venv-keras"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"Installing Keras and TensorFlow into {folder.name} (some minutes, once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *KERAS_PACKAGES], check=True)
        (folder / "installed").touch()
    return python
