"""The status for people: what is there, and what to type next."""

from dataclasses import replace

import pytest

from hpo.cli.status_text import status_text
from hpo.evaluation.pruning_cost import Audited, Tally, pruning_cost
from hpo.objectives import NAMES
from hpo.search.gain import Prospect
from hpo.study.progress import progress_line
from hpo.study.pruning import Pruning
from hpo.study.status import Best, Status, WorkerStatus

OPEN = Status(
    study="s",
    budget=8,
    complete=3,
    pruned=1,
    failed=0,
    running=1,
    waiting=3,
    foreign=0,
    workers=(
        WorkerStatus(
            worker="w1", host="laptop", pid=1, device="cpu", trial=4, fold=2, epochs=3, rows_per_s=1234.5, silent_s=1.0
        ),
    ),
    best=None,
    majority_accuracy=0.55,
    max_epochs=20,
    folds_trained=18,
    folds_saved=2,
    state="open",
    seconds_left=60.0,
)


def test_the_best_stands_beside_its_interval_and_the_commoner_class() -> None:
    assert "no complete trial yet; the commoner class alone 0.5500" in status_text(OPEN)
    best = Best(number=2, cv_accuracy=0.875, cv_score=0.875, interval95=(0.8, 0.925), params={})
    text = status_text(replace(OPEN, best=best))
    assert "best CV accuracy 0.8750 (0.8000 to 0.9250, trial 2); the commoner class alone 0.5500" in text


def test_who_helps_is_named_with_the_trial_of_another() -> None:
    helper = replace(OPEN.workers[0], worker="w2", fold=3, epochs=0, rows_per_s=None, helps=True)
    text = status_text(replace(OPEN, workers=(*OPEN.workers, helper)))
    assert "w2 on cpu: helps with trial 4, fold 3, epoch 0 of 20, last heard of" in text


@pytest.mark.parametrize(
    ("objective", "score", "said"),
    [("mcc", 0.61, "MCC 0.6100"), ("log_loss", 0.31, "log loss 0.3100"), ("roc_auc", 0.9, "ROC AUC 0.9000")],
)
def test_what_trials_are_compared_by_comes_first_and_under_its_name(objective, score: float, said: str) -> None:
    best = Best(number=2, cv_accuracy=0.875, cv_score=score, interval95=(0.8, 0.925), params={})
    status = replace(OPEN, best=best, objective=objective)
    assert f"best CV {said} (trial 2), accuracy 0.8750 (0.8000 to 0.9250); the commoner" in status_text(status)
    assert f", best CV {said} (trial 2), 1 at work" in progress_line(status)


def test_what_more_trials_promise_is_told_in_what_they_are_compared_by() -> None:
    more = Prospect(trials=10, gain=0.0123, noise=0.0045, pays=True)
    told = {objective: status_text(replace(OPEN, objective=objective, more_trials=more)) for objective in NAMES}
    assert "to gain 1.23 points of accuracy, where one trial's is uncertain by 0.45: they may pay." in told["accuracy"]
    assert "to gain 0.0123 of MCC, where one trial's is uncertain by 0.0045: they may pay." in told["mcc"]
    assert "to gain 0.0123 of log loss, " in told["log_loss"]


def test_a_worker_is_told_with_what_it_is_at() -> None:
    assert "w1 on cpu: trial 4, fold 2, epoch 3 of 20, 1,234 rows/s, last heard of 1 s ago" in status_text(OPEN)


def test_a_study_at_work_says_how_long_it_takes_and_needs_nothing() -> None:
    text = status_text(OPEN)
    assert "1 min left" in text
    assert "Next" not in text


@pytest.mark.parametrize(
    ("state", "step"), [("open", "hpo worker"), ("paused", "hpo resume"), ("done", "hpo finalize --output report")]
)
def test_a_study_without_workers_says_what_to_type(state: str, step: str) -> None:
    text = status_text(replace(OPEN, state=state, workers=()))
    assert f"Next: {step} --study s" in text
    assert "left" not in text


def test_an_answered_study_needs_no_finalize() -> None:
    text = status_text(replace(OPEN, state="done", workers=(), answered="2026-01-02T10:00:00+00:00"))
    assert "Next" not in text
    assert "answered on 2026-01-02 10:00 UTC; the report again: hpo report --output report --study s" in text


def test_trials_of_other_programs_are_told() -> None:
    assert "other programs" not in status_text(OPEN)
    assert "2 of other programs, not counted" in status_text(replace(OPEN, foreign=2))


def test_a_paused_study_has_no_end_in_sight() -> None:
    assert "left" not in status_text(replace(OPEN, state="paused"))


def test_trials_that_are_parked_are_told_apart_from_those_that_were_never_begun() -> None:
    assert "waiting 3\n" in status_text(OPEN)
    assert "waiting 3 (2 parked)" in status_text(replace(OPEN, parked=2))
    assert progress_line(replace(OPEN, parked=2)).startswith("4 of 8 trials finished, 2 parked, 18 folds trained")


NOTHING = Tally(given_up=0, audits=(), under_way=0, gains=())
SPARED = Tally(given_up=21, audits=(), under_way=1, gains=(0.01, 0.002))
AUDITED = Tally(given_up=20, audits=(Audited(0.1, 0.0), Audited(0.1, 0.004)), under_way=0, gains=(0.01,))


def told(*tallies: Tally) -> str:
    costs = pruning_cost(tallies[:1]), pruning_cost(tallies)
    return status_text(replace(OPEN, pruning=Pruning(study=costs[0], storage=costs[1])))


def test_what_pruning_costs_is_told_as_far_as_it_is_known() -> None:
    assert "pruning costs" not in status_text(OPEN)
    assert "pruning costs" not in told(NOTHING)
    assert "costs is not known yet: 0 of 21 trials given up in this study were trained to their end" in told(SPARED)
    text = told(SPARED, AUDITED)
    assert "by 2 of 41 trials given up in 2 studies of this storage, which were trained" in text
    assert "all the same: 50.0 % (" in text
    assert "of what was better than all before, 87.2 % (" in text
    assert "points of accuracy a study at most." in text


def test_what_other_studies_tell_is_not_said_of_this_one() -> None:
    assert "by 2 of 20 trials given up in another study of this storage, which" in told(NOTHING, AUDITED)
    assert "by 2 of 20 trials given up in this study, which" in told(AUDITED)
