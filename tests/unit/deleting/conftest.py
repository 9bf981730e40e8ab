"""Storages beside each other whose studies keep their artifacts in one place."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hpo.study.address import StudyAddress
from hpo.study.create import create
from hpo.study.opened import OpenedStudy, open_study
from model.simulation import simulate
from small_plan import small_plan
from storage.connection import open_storage


@dataclass(frozen=True)
class Beside:
    """Storages in a folder, and their common artifacts; all that is made is old at once."""

    folder: Path
    sessions: ExitStack

    def address(self, study: str | None = None, storage: str = "hpo") -> StudyAddress:
        return StudyAddress(
            storage=f"sqlite:///{self.folder}/{storage}.db", study=study, artifacts=str(self.folder / "artifacts")
        )

    def make(self, study: str, storage: str = "hpo", genes: int = 60) -> OpenedStudy:
        """A study; the same number of genes is the same data."""
        address = self.address(study, storage)
        create(address, simulate(genes, 12, 0.05, 3).genes, small_plan(self.folder / "genes.csv", study))
        self.age()
        opened = open_study(address)
        self.sessions.callback(opened.storage.close)
        return opened

    def put(self, opened: OpenedStudy, data: bytes) -> str:
        """Keeps bytes, and lets the study's first trial name them."""
        sha256 = opened.artifacts.put(data)
        self.age()
        trial = opened.storage.get_all_trials(opened.handle.study_id)[0]
        opened.storage.set_trial_user_attr(trial._trial_id, f"hpo:fold:{len(trial.user_attrs)}", {"artifact": sha256})
        return sha256

    def delete_in_the_dashboard(self, study: str, storage: str = "hpo") -> None:
        opened = open_storage(self.address(storage=storage).storage)
        opened.delete_study(opened.get_study_id_from_name(study))
        opened.close()

    def age(self) -> None:
        """Makes all artifacts an hour old."""
        for path in self.files():
            os.utime(path, (time.time() - 3600, time.time() - 3600))

    def files(self) -> list[Path]:
        return [path for path in (self.folder / "artifacts").rglob("*") if path.is_file()]

    def kept(self) -> set[str]:
        """What lies among the artifacts, but for notes."""
        return {path.name for path in self.files() if path.parent.name != "named-by"}


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    with ExitStack() as sessions:
        yield Beside(tmp_path, sessions)


@pytest.fixture
def data_of() -> Callable[[OpenedStudy], set[str]]:
    """The two artifacts that every study begins with."""

    def names(opened: OpenedStudy) -> set[str]:
        data = opened.contract.data
        return {data.development.artifact, data.test.artifact}

    return names
