"""A search that ends before its budget is spent: the same for all workers, exact, and open to more."""

from collections.abc import Callable

import numpy as np
import pytest
from optuna.trial import TrialState

from hpo.errors import ContractError
from hpo.study.again import ask_again
from hpo.study.attributes import BUDGET, CONFIGURATION, FOLD_ACCURACIES
from hpo.study.end_search import end_search, orders_before_a_claim
from hpo.study.ending import ENDED, RULES, Rules, read_ended
from hpo.study.opened import OpenedStudy
from hpo.study.prospects import prospect_in_words
from hpo.study.status import read_status
from hpo.study.steering import set_budget
from hpo.study.time_limit import TimeLimit
from storage.trials.lease import Claim, WorkerIdentity
from storage.trials.ledger import TrialChange

pytestmark = pytest.mark.slow

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
OTHER = WorkerIdentity(worker="w2", host="server", pid=2, device="cpu")


@pytest.fixture
def open_again(make_study) -> Callable[[], OpenedStudy]:
    """Opens a study of ten trials that has a patience of two."""
    return make_study(trials=10, ends=Rules(patience_trials=2))


@pytest.fixture
def study(open_again: Callable[[], OpenedStudy]) -> OpenedStudy:
    return open_again()


def claim(study: OpenedStudy, worker: WorkerIdentity = ME) -> Claim | None:
    """As a worker does before each trial."""
    return study.queue.claim(worker, orders_before_a_claim(study)[0])


def finish(study: OpenedStudy, *values: float) -> None:
    for value in values:
        study.queue.finish(claim(study), TrialState.COMPLETE, value)


def ended(study: OpenedStudy) -> tuple[int, int, str] | None:
    found = read_ended(study.handle.attributes(), study.budget)
    return None if found is None else (found.asked, found.trials, found.why)


def test_patience_ends_the_search_for_every_worker(study: OpenedStudy, open_again: Callable[[], OpenedStudy]) -> None:
    finish(study, 0.5, 0.6, 0.5)
    assert orders_before_a_claim(study) == (10, False)
    finish(study, 0.5)
    assert claim(study) is None
    assert claim(open_again(), OTHER) is None
    assert ended(study) == (10, 4, "patience")
    status = read_status(study)
    assert (status.state, status.budget, status.finished) == ("done", 4, 4)


def test_a_better_trial_begins_patience_anew(study: OpenedStudy) -> None:
    finish(study, 0.5, 0.4, 0.6, 0.5, 0.7, 0.5)
    assert claim(study) is not None


def test_trials_at_work_are_finished_and_counted(study: OpenedStudy) -> None:
    finish(study, 0.9)
    at_work = claim(study, OTHER)
    put_back = claim(study, OTHER)
    finish(study, 0.5, 0.5)
    study.queue.record(put_back, TrialChange({CONFIGURATION: {}}))
    study.queue.put_back(put_back)
    # What was put back goes on, whoever takes it.
    assert claim(study).number == put_back.number == 2
    assert claim(study) is None
    assert ended(study) == (10, 5, "patience")
    assert read_status(study).state == "open"
    study.queue.finish(at_work, TrialState.COMPLETE, 0.95)
    # What has ended stays so, though the best was beaten after all.
    assert claim(study) is None
    assert study.budget == 5


def test_a_trial_that_was_taken_at_the_same_moment_is_counted_in(study: OpenedStudy) -> None:
    finish(study, 0.9, 0.5)
    before, _ = orders_before_a_claim(study)
    finish(study, 0.5)
    assert claim(study) is None
    late = study.queue.claim(OTHER, before)
    assert late.number == 3
    assert orders_before_a_claim(study)[0] == 4
    study.queue.finish(late, TrialState.COMPLETE, 0.4)
    status = read_status(study)
    assert (status.state, status.finished, ended(study)) == ("done", 4, (10, 4, "patience"))


def test_more_trials_begin_patience_anew(study: OpenedStudy) -> None:
    finish(study, 0.9, 0.5, 0.5)
    assert claim(study) is None
    set_budget(study.address, 8)
    assert ended(study) is None
    finish(study, 0.5, 0.5)
    assert claim(study) is None
    assert ended(study) == (8, 5, "patience")


def test_asked_for_again_it_has_ended(study: OpenedStudy) -> None:
    finish(study, 0.9, 0.5, 0.5)
    assert claim(study) is None
    for trials, patience in ((10, 2), (None, None), (10, None), (None, 2)):
        ask_again(study, trials, patience)
        assert study.budget == 3
    with pytest.raises(ContractError, match="--trials: 3 in the study, 2 here"):
        ask_again(study, 2, None)
    # More patience: it goes on.
    ask_again(study, 10, 3)
    finish(study, 0.5)
    assert claim(study) is None
    # More trials than before: patience begins anew.
    ask_again(study, 12, None)
    assert study.budget == 12
    finish(study, 0.5, 0.5, 0.5)
    assert claim(study) is None
    assert ended(study) == (12, 7, "patience")


@pytest.mark.parametrize("stored", ["soon", 3, {"patience_trials": -1}, {"patience_trials": "x"}, []])
def test_rules_that_cannot_be_read_are_none(study: OpenedStudy, stored: object) -> None:
    study.handle.set(RULES, stored)
    finish(study, 0.9, 0.5, 0.5, 0.5)
    assert claim(study) is not None


@pytest.mark.parametrize("stored", ["soon", 3, {"asked": 5}, {"asked": 10, "trials": 10, "why": "boredom"}])
def test_an_end_that_cannot_be_read_is_none(study: OpenedStudy, stored: object) -> None:
    study.handle.set(ENDED, stored)
    finish(study, 0.9)
    assert claim(study) is not None


def test_an_end_that_was_cut_short_is_written_again(study: OpenedStudy) -> None:
    finish(study, 0.9, 0.5, 0.5)
    assert claim(study) is None
    study.handle.set(BUDGET, 10)
    assert claim(study) is None
    assert ended(study) == (10, 3, "patience")


def finish_with_folds(study: OpenedStudy, trials: int, level: Callable[[int], float]) -> None:
    """Finishes trials, each with folds about a level of its own."""
    noise = np.random.default_rng(1).normal(0, 0.02, (trials, 5))
    for number in range(trials):
        folds = [float(fold) for fold in np.clip(level(number) + noise[number], 0, 1)]
        held = claim(study)
        study.queue.record(held, TrialChange({FOLD_ACCURACIES: folds}))
        study.queue.finish(held, TrialState.COMPLETE, sum(folds) / 5)


def test_a_search_without_a_number_of_trials_ends_where_all_are_alike(make_study) -> None:
    study = make_study(trials=40, ends=Rules(by_gain=True))()
    assert read_status(study, prospects=True).more_trials is None
    finish_with_folds(study, 15, lambda _: 0.8)
    told = read_status(study, prospects=True)
    assert told.more_trials is not None
    assert not told.more_trials.pays
    words = prospect_in_words(told.more_trials, told.objective)
    assert f"{100 * told.more_trials.noise:.2f}: unlikely to pay." in words
    assert claim(study) is None
    assert ended(study) == (40, 15, "gain")
    # Whoever says how many trials are wanted gets them.
    ask_again(study, None, None)
    assert study.budget == 15
    ask_again(study, 40, None)
    finish_with_folds(study, 20, lambda _: 0.8)
    assert claim(study) is not None


def test_it_goes_on_where_levels_differ(make_study) -> None:
    study = make_study(trials=40, ends=Rules(by_gain=True))()
    finish_with_folds(study, 16, lambda number: 0.5 + 0.02 * number)
    told = read_status(study, prospects=True).more_trials
    assert told is not None
    assert told.pays
    assert claim(study) is not None


def test_a_study_without_rules_goes_on(make_study) -> None:
    study = make_study(trials=8)()
    finish(study, 0.9, *[0.5] * 7)
    assert ended(study) is None


def test_time_ends_a_search_once_a_trial_is_complete(make_study, capsys: pytest.CaptureFixture[str]) -> None:
    study, now = make_study(trials=10)(), [100.0]
    limit = TimeLimit(seconds=60, clock=lambda: now[0])
    first = claim(study)
    now[0] += 59
    limit.look(study, read_status(study))
    assert capsys.readouterr().err == ""
    now[0] += 1
    limit.look(study, read_status(study))
    limit.look(study, read_status(study))
    assert capsys.readouterr().err == "The time is over (1 min): the search ends with its first complete trial.\n"
    assert study.budget == 10
    study.queue.finish(first, TrialState.COMPLETE, 0.5)
    second = claim(study)
    limit.look(study, read_status(study))
    assert ended(study) == (10, 2, "time")
    assert claim(study) is None
    study.queue.finish(second, TrialState.COMPLETE, 0.5)
    assert read_status(study).state == "done"
    # A search that is done has no time to be over.
    limit.look(study, read_status(study))
    end_search(study, "patience")
    assert ended(study) == (10, 2, "time")


def test_without_a_limit_time_does_not_count(make_study, capsys: pytest.CaptureFixture[str]) -> None:
    study = make_study(trials=2)()
    finish(study, 0.5)
    TimeLimit(seconds=None, clock=lambda: 1e9).look(study, read_status(study))
    assert study.budget == 2
    assert capsys.readouterr().err == ""
