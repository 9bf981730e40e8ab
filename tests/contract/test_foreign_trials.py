"""Trials that other programs add or run: they take up numbers, and are in no budget; on every storage."""

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from storage.trials.ledger import QueueCounts
from storage.trials.queue import TrialQueue


@pytest.fixture
def optuna_s(another, study) -> optuna.Study:
    """The study as another program has it."""
    return optuna.load_study(study_name=study.name, storage=another.storage)


def finish_all(queue: TrialQueue, worker, budget: int) -> list[int]:
    claims = []
    while claim := queue.claim(worker(), budget):
        claims.append(claim.number)
        queue.finish(claim, TrialState.COMPLETE, 0.5)
    return claims


@pytest.mark.parametrize(
    "added",
    [
        [create_trial(value=0.99)],
        [create_trial(state=TrialState.PRUNED), create_trial(state=TrialState.FAIL), create_trial(value=0.99)],
    ],
)
def test_what_others_add_is_in_no_budget_and_never_the_best(queue, study, optuna_s, worker, added):
    assert finish_all(queue, worker, 2) == [0, 1]
    optuna_s.add_trials(added)
    assert queue.counts(2) == QueueCounts(2, complete=2, foreign=len(added))
    assert finish_all(queue, worker, 2) == []
    assert finish_all(queue, worker, 4) == [2 + len(added), 3 + len(added)]
    assert queue.counts(4) == QueueCounts(4, complete=4, foreign=len(added))
    overview = queue.storage.ledger.overview(study.study_id, 4)
    assert queue.storage.get_trial(overview.best_id).value == 0.5


def test_what_others_add_between_ours_moves_the_budget_s_end_by_as_many(queue, optuna_s, worker):
    for _ in range(3):
        optuna_s.add_trial(create_trial(value=0.9))
        claim = queue.claim(worker(), 8)
        queue.finish(claim, TrialState.COMPLETE, 0.5)
    finish_all(queue, worker, 8)
    assert queue.counts(8) == QueueCounts(8, complete=8, foreign=3)
    numbers = [trial.number for trial in queue.storage.get_all_trials(queue.study_id)]
    assert numbers == list(range(11))


def test_a_waiting_trial_that_another_program_runs_is_replaced(queue, optuna_s, worker):
    """The trap: `study.optimize` takes what waits, whoever made it."""
    queue.finish(queue.claim(worker(), 4), TrialState.COMPLETE, 0.5)
    optuna_s.optimize(lambda trial: 0.99, n_trials=2)
    assert queue.counts(4).foreign == 2
    assert len(finish_all(queue, worker, 4)) == 3
    assert queue.counts(4) == QueueCounts(4, complete=4, foreign=2)


def test_what_is_enqueued_is_run_and_counted(queue, optuna_s, worker):
    optuna_s.enqueue_trial({"x": 3})
    first = queue.claim(worker(), 2)
    assert queue.storage.get_trial(first.trial_id).system_attrs["fixed_params"] == {"x": 3}
    queue.finish(first, TrialState.COMPLETE, 0.5)
    assert finish_all(queue, worker, 2) == [1]
    assert queue.counts(2) == QueueCounts(2, complete=2)
