"""Real workers on a study that is pruned by P: the budget is exact, no fold is trained twice, what is parked ends."""

import re
from collections import Counter

import pytest

from hpo.study.address import StudyAddress
from hpo.study.attributes import finished_folds
from hpo.study.opened import open_study
from storage.connection import open_storage
from stored_trials import trials

_TRAINED = re.compile(r"trial (\d+) fold (\d+): \d+ epochs in")
_PARKED = re.compile(r"trial (\d+): parked")
BUDGET = 16


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, hpo) -> str:
    """A storage of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{hpo.folder}/hpo.db"
    postgres = request.getfixturevalue("postgres")
    postgres.run("DROP DATABASE IF EXISTS parking")
    postgres.run("CREATE DATABASE parking")
    open_storage(postgres.uri("parking"), create=True).close()
    return postgres.uri("parking")


def test_many_workers_take_folds_and_spend_the_budget_exactly(hpo, place) -> None:
    at = ("--storage", place, "--artifacts", "artifacts")
    hpo.create("s", BUDGET, *at, "--max-epochs", "6")
    done = hpo.run("worker", "--workers", "3", *at)
    assert done.returncode == 0, done.stderr
    status = hpo.json("status", *at)
    assert (status["state"], status["parked"], status["waiting"]) == ("done", 0, 0)
    assert status["complete"] + status["pruned"] == BUDGET
    trained = Counter((int(number), int(fold)) for number, fold in _TRAINED.findall(done.stderr))
    opened = open_study(StudyAddress(storage=place, study="s", artifacts=str(hpo.folder / "artifacts")))
    ended = trials(opened)
    opened.storage.close()
    recorded = {(trial.number, one.fold) for trial in ended for one in finished_folds(trial.user_attrs, 5)}
    assert trained == Counter(recorded)
    assert len(recorded) == status["folds_trained"] < BUDGET * 5
    assert [trial.number for trial in ended] == list(range(BUDGET))
    pruned = {trial.number for trial in ended if trial.state.name == "PRUNED"}
    assert pruned
    assert pruned <= {int(number) for number in _PARKED.findall(done.stderr)}


def test_a_study_can_be_answered_while_trials_are_parked_and_goes_on_afterwards(hpo, opened_here) -> None:
    hpo.create("s", BUDGET, "--max-epochs", "6")
    opened = opened_here("s")
    hpo.ok("worker", "--workers", "1", "--timeout", "1")
    while hpo.json("status")["complete"] == 0:
        hpo.ok("worker", "--workers", "1", "--timeout", "1")
    before = hpo.json("status")
    result = hpo.json("finalize", "--output", "early", "--early", "--ensemble", "1")
    assert result["trials"]["complete"] == before["complete"]
    hpo.ok("worker", "--workers", "1")
    assert hpo.json("status")["state"] == "done"
    ended = trials(opened)
    assert all(trial.state.is_finished() for trial in ended)
    # The answer rests on the complete ones, and says how many were given up.
    result = hpo.json("finalize", "--output", "report", "--ensemble", "1")
    assert result["trials"]["pruned"] == sum(trial.state.name == "PRUNED" for trial in ended) > 0
