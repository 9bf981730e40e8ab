"""The rights of what is written are those that the user's umask leaves: no more, and no fewer."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo.report.evidence import Evidence
from hpo.report.report import make_report
from hpo.report.writing import write_report
from model.simulation import simulate, write_simulated
from storage.artifacts import open_artifacts
from storage.connection import open_storage

pytestmark = pytest.mark.usefixtures("words_alone")


@pytest.fixture(params=[0o077, 0o002], ids=["for me alone", "for my group too"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def rights_in(folder: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in folder.rglob("*")}


def left_by(umask: int) -> set[tuple[bool, int]]:
    return {(True, 0o777 & ~umask), (False, 0o666 & ~umask)}


def test_artifacts(umask: int, tmp_path: Path) -> None:
    open_artifacts(str(tmp_path / "artifacts"), create=True).put(b"fold")
    assert rights_in(tmp_path) == left_by(umask)


@pytest.mark.slow
def test_a_report(umask: int, tmp_path: Path, evidence: Evidence) -> None:
    write_report(make_report(evidence), tmp_path / "report")
    assert rights_in(tmp_path) == left_by(umask)


def test_a_database_and_simulated_genes(umask: int, tmp_path: Path) -> None:
    open_storage(f"sqlite:///{tmp_path}/hpo.db", create=True).close()
    write_simulated(simulate(40, 30, 0.0, 0), tmp_path / "genes.csv")
    # SQLite itself takes 0644 where the umask leaves more.
    assert rights_in(tmp_path) <= {(False, 0o666 & ~umask), (False, 0o644 & ~umask)}
