"""Claims of a stated trial and of new ones, and parked trials, on every storage."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from optuna.trial import TrialState

from storage.studies import create_study
from storage.trials.ledger import CONFIG_KEY, NEW, PARKED, TrialChange
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch
from trial_numbers import numbers

FOLD = {"hpo:fold:0": {"seconds": 1.0}}


def park(queue: TrialQueue, worker, budget: int, name: str = "w1", folds: int = 1) -> int:
    """Begins a new trial and puts it aside."""
    claim = queue.claim(worker(name), budget, NEW)
    queue.record(claim, TrialChange({CONFIG_KEY: {}} | (FOLD if folds else {})))
    queue.put_back(claim, {PARKED: {"worker": name, "chance": 0.01}})
    return claim.number


def test_a_stated_trial_is_claimed_or_none(queue, another, worker):
    begun = [park(queue, worker, 5) for _ in range(3)]
    assert begun == [0, 1, 2]
    claim = another.claim(worker("w2"), 5, 1)
    assert claim.number == 1
    # It is held, unknown, beyond the budget, or ended.
    for wanted in (1, 99, 5):
        assert queue.claim(worker(), 5, wanted) is None
    another.finish(claim, TrialState.PRUNED, 0.5)
    assert queue.claim(worker(), 5, 1) is None


def test_new_trials_are_those_that_were_never_begun_and_are_made_while_others_wait(queue, worker):
    assert [park(queue, worker, 4) for _ in range(4)] == [0, 1, 2, 3]
    assert queue.claim(worker(), 4, NEW) is None
    assert queue.claim(worker(), 6, NEW).number == 4
    assert len(numbers(queue)) == 6


def test_one_that_died_before_its_configuration_was_known_is_new(queue, another, worker):
    queue.claim(worker("dead"), 3, NEW)
    StaleWatch(another).release_dead("dead", 3)
    assert queue.claim(worker(), 3, NEW).number == 0


def test_parked_trials_are_counted_with_their_folds_until_they_go_on(queue, worker):
    for folds in (1, 1, 0):
        park(queue, worker, 6, folds=folds)
    overview = queue.storage.ledger.overview(queue.study_id, 6)
    assert (overview.parked, overview.folds_of_parked, overview.folds) == (3, 2, 2)
    claim = queue.claim(worker(), 6, 0)
    assert queue.storage.ledger.overview(queue.study_id, 6).parked == 2
    queue.record(claim, TrialChange({PARKED: None}))
    queue.put_back(claim)
    overview = queue.storage.ledger.overview(queue.study_id, 6)
    assert (overview.parked, overview.folds_of_parked, overview.counts.waiting) == (2, 1, 6)


def test_who_has_parked_a_trial_has_got_something_done(queue, worker):
    assert queue.finished_by("w1") == 0
    park(queue, worker, 3, "w1")
    assert (queue.finished_by("w1"), queue.finished_by("w2")) == (1, 0)


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_of_many_that_want_the_same_trial_one_has_it(kind, request, open_url, worker):
    study = create_study(open_url(request.getfixturevalue(kind)), "s")
    queues = [TrialQueue(open_url(request.getfixturevalue(kind)), study.study_id) for _ in range(6)]
    for _ in range(4):
        park(queues[0], worker, 4)
    with ThreadPoolExecutor(len(queues)) as pool:
        for wanted in range(4):
            claims = list(pool.map(lambda queue, wanted=wanted: queue.claim(worker(), 4, wanted), queues))
            assert [claim.number for claim in claims if claim] == [wanted]


def test_a_parked_trial_is_listed_as_it_stands_whoever_has_changed_it(queue, another, worker):
    number = park(queue, worker, 3)

    def listed() -> object:
        (trial,) = (one for one in another.storage.get_all_trials(another.study_id) if one.number == number)
        return trial

    before = listed()
    assert listed() == before
    # Parked again, it has what happened in between.
    claim = queue.claim(worker("w2"), 3, number)
    assert listed().state == TrialState.RUNNING
    queue.record(claim, TrialChange({"hpo:fold:1": {"seconds": 2.0}, PARKED: None}, steps={1: 0.5}))
    assert listed().intermediate_values == {1: 0.5}
    queue.put_back(claim, {PARKED: {"worker": "w2"}})
    assert listed().user_attrs["hpo:fold:1"] == {"seconds": 2.0}
    assert listed().user_attrs[PARKED] == {"worker": "w2"}
    # Claimed and parked without a look in between.
    again = queue.claim(worker("w3"), 3, number)
    queue.record(again, TrialChange({"x": 1}))
    queue.put_back(again, {PARKED: {"worker": "w3"}})
    assert (listed().user_attrs["x"], listed().user_attrs[PARKED]) == (1, {"worker": "w3"})
    another.storage.set_trial_user_attr(claim.trial_id, "note", "mine")
    assert listed().user_attrs["note"] == "mine"
    assert another.storage.get_trial(claim.trial_id) == listed()
