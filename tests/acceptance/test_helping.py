"""Real workers on fewer trials than there are of them: several train folds of one trial, to the same numbers."""

from collections.abc import Callable

import pytest

from hpo.study.address import StudyAddress
from hpo.study.attributes import finished_folds
from hpo.study.opened import OpenedStudy, open_study
from storage.connection import open_storage
from stored_trials import numbers, trials

PAUSED = "the study is paused"


@pytest.fixture
def opened(hpo, postgres) -> Callable[[str], OpenedStudy]:
    """Opens studies of a Postgres."""
    postgres.run("DROP DATABASE IF EXISTS helping")
    postgres.run("CREATE DATABASE helping")
    open_storage(postgres.uri("helping"), create=True).close()
    sessions: list[OpenedStudy] = []

    def open_one(study: str) -> OpenedStudy:
        address = StudyAddress(storage=postgres.uri("helping"), study=study, artifacts=str(hpo.folder / "artifacts"))
        sessions.append(open_study(address))
        return sessions[-1]

    yield open_one
    for one in sessions:
        one.storage.close()


def test_one_trial_s_folds_are_trained_by_several_workers(hpo, background, postgres, opened) -> None:
    at = ("--storage", postgres.uri("helping"), "--artifacts", "artifacts")
    for study in ("alone", "helped"):
        hpo.create(study, 1, *at, "--original", "skip", "--max-epochs", "20", "--patience", "20")
    hpo.ok("worker", "--workers", "1", "--study", "alone", *at)
    hpo.ok("pause", "--study", "helped", *at)
    workers = background(hpo.start("worker", "--workers", "2", "--study", "helped", *at))
    # Both are there before there is anything to do.
    told = ""
    while told.count(PAUSED) < 2:
        line = workers.stderr.readline()
        assert line, f"the workers have ended: {told}"
        told += line
    hpo.ok("resume", "--study", "helped", *at)
    workers.communicate(timeout=200)
    assert workers.returncode == 0
    (alone,), (helped,) = trials(opened("alone")), trials(opened("helped"))
    assert numbers(helped) == numbers(alone)
    assert helped.value == alone.value
    records = [[one.artifact for one in finished_folds(trial.user_attrs, 5)] for trial in (alone, helped)]
    assert records[0] == records[1]
    assert len(records[0]) == 5
    by = {helped.user_attrs[f"hpo:fold:{fold}"].get("by") for fold in range(5)}
    assert len(by) > 1
