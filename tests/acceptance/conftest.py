"""Real `hpo` processes on small simulated genes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from made_once import made_once
from preloaded import Preloaded, clean_environment

#: A search space of networks that train in fractions of a second.
SMALL_SPACE = """
encoding = ["codon", "amino_acid"]
embedding_size = [8, 16]
hidden_size = [8, 16]
layers = 1
batch_size = [64, 96]
learning_rate = { low = 5e-3, high = 5e-2, log = true }
linear = "none"
"""


@dataclass(frozen=True)
class Hpo:
    """Runs the command line in a folder of its own."""

    folder: Path
    preloaded: Preloaded

    def run(
        self, *arguments: str, timeout: float = 240, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, whatever the exit code; what `environment` has is added to that of all others."""
        return self.preloaded.run(arguments, self.folder, clean_environment() | dict(environment or {}), timeout)

    def ok(self, *arguments: str, timeout: float = 240) -> str:
        """Run, expect success, and return stdout."""
        done = self.run(*arguments, timeout=timeout)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def json(self, *arguments: str, timeout: float = 240) -> dict[str, Any]:
        """Run with --json, and return what it printed."""
        document: dict[str, Any] = json.loads(self.ok(*arguments, "--json", timeout=timeout))
        return document

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start in the background; the caller sees to its end."""
        return self.preloaded.start(arguments, self.folder, clean_environment())

    def start_anew(self, *arguments: str) -> subprocess.Popen[str]:
        """As `start`, by a new Python: where a test is about the process itself."""
        return subprocess.Popen(
            [sys.executable, "-m", "hpo", *arguments],
            cwd=self.folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def simulate(self, codons: int) -> None:
        """Write genes, which take the longer the longer they are."""
        from model.simulation import simulate, write_simulated

        write_simulated(simulate(240, codons, 0.05, 3), self.folder / "genes.csv")

    def create(self, study: str = "s", trials: int = 4, *more: str, data: str = "genes.csv") -> None:
        """Make a small study, without the original's configuration: its folds take five times as long as all others."""
        self.ok(
            *("create-study", data, "--study", study, "--trials", str(trials), "--space", "space.toml"),
            *("--max-epochs", "4", "--original", "skip", *more),
        )


@pytest.fixture(scope="session")
def workplace(preloaded: Preloaded) -> Callable[[Path], Hpo]:
    """Makes a folder with a space in its name that holds genes and a small search space, for the command line."""

    def make(parent: Path) -> Hpo:
        folder = parent / "a folder"
        folder.mkdir()
        (folder / "space.toml").write_text(SMALL_SPACE)
        made = Hpo(folder, preloaded)
        made.simulate(codons=12)
        return made

    return make


@pytest.fixture(scope="session")
def answered_study(
    preloaded: Preloaded, workplace: Callable[[Path], Hpo], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Hpo]:
    """Makes a folder that holds study `s` of two trials, which has been answered in `report`."""

    def answer(folder: Path) -> None:
        made = workplace(folder)
        made.create("s", 2, "--original", "all")
        made.ok("worker", "--study", "s", "--workers", "1")
        made.ok("finalize", "--study", "s", "--output", "report", "--ensemble", "1")

    def copy(parent: Path) -> Hpo:
        shutil.copytree(made_once(tmp_path_factory, "answered", answer), parent, dirs_exist_ok=True)
        return Hpo(parent / "a folder", preloaded)

    return copy


@pytest.fixture
def hpo(tmp_path: Path, workplace: Callable[[Path], Hpo]) -> Hpo:
    """The command line, in a folder of this test's own."""
    return workplace(tmp_path)


@pytest.fixture
def background() -> Iterator[Callable[[subprocess.Popen[str]], subprocess.Popen[str]]]:
    """Kills what a test started and left running."""
    started: list[subprocess.Popen[str]] = []

    def keep(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        started.append(process)
        return process

    yield keep
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def opened_here(hpo) -> Iterator[Callable[[str], OpenedStudy]]:
    """Opens studies in the folder's own database."""
    folder, sessions = hpo.folder, []

    def open_one(study: str) -> OpenedStudy:
        sessions.append(open_study(StudyAddress(storage=f"sqlite:///{folder}/hpo.db", study=study)))
        return sessions[-1]

    yield open_one
    for opened in sessions:
        opened.storage.close()
