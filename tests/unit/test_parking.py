"""A study that is pruned by P: workers take folds, park trials, take them up again, and spend the budget exactly."""

import logging
import threading

import pytest
from optuna.trial import TrialState

from hpo.signals import StopFlag
from hpo.study.attributes import CHECKPOINT, FOLD_ACCURACIES, PARKED, PAUSED
from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status
from model.configuration import LearnerConfig
from parking import TRIALS, by_size, misleading, trials, work, work_with_stops, worker_on

pytestmark = pytest.mark.slow


def told(opened: OpenedStudy) -> list[tuple]:
    """What a search comes to: who was proposed, what was reached, how it ended."""
    return [(one.state, one.params, one.value, one.user_attrs.get(FOLD_ACCURACIES)) for one in trials(opened)]


def test_the_budget_is_spent_exactly_and_what_is_parked_ends_pruned(made, train) -> None:
    opened, training = made()(), train(by_size)
    report = work(opened)
    states = [trial.state for trial in trials(opened)]
    assert len(states) == TRIALS
    assert set(states) == {TrialState.COMPLETE, TrialState.PRUNED}
    assert report.complete + report.pruned == TRIALS
    assert report.parked >= report.pruned > 0
    assert set(training.finished.values()) == {1}
    assert sum(training.finished.values()) == read_status(opened).folds_trained < 0.7 * TRIALS * 5
    for trial in trials(opened):
        # One that was parked in its first fold has no value.
        accuracies = trial.user_attrs.get(FOLD_ACCURACIES, [])
        assert trial.value == (pytest.approx(sum(accuracies) / len(accuracies)) if accuracies else None)
        assert (trial.user_attrs.get(PARKED) is None) == (trial.state == TrialState.COMPLETE)
        assert trial.user_attrs.get(CHECKPOINT) is None
    assert read_status(opened).parked == 0


def test_the_best_of_all_is_among_those_that_were_not_given_up(made, train) -> None:
    opened, _ = made()(), train(by_size)
    work(opened)
    configs = [LearnerConfig(**trial.user_attrs["hpo:config"]) for trial in trials(opened)]
    best = max(sum(by_size(config, fold) for fold in range(5)) / 5 for config in configs)
    assert max(trial.value for trial in trials(opened) if trial.state == TrialState.COMPLETE) == pytest.approx(best)


def test_what_is_parked_is_taken_up_again_when_the_leader_turns_out_weaker(made, train, caplog) -> None:
    opened, training = made(trials=12)(), train(misleading(2000))
    with caplog.at_level(logging.INFO):
        work(opened)
    lines = [record.getMessage() for record in caplog.records]
    complete = [trial for trial in trials(opened) if trial.state == TrialState.COMPLETE]
    assert max(complete, key=lambda trial: trial.value).params["hidden_size"] <= 2000
    assert any(f"trial {trial.number}: parked, others are worth more" in lines for trial in complete)
    assert set(training.finished.values()) == {1}


def test_equal_seeds_and_one_worker_give_the_same_search(made, train) -> None:
    train(by_size)
    one, two = (
        made(study="one", sampler="tpe", startup_trials=3)(),
        made(study="two", sampler="tpe", startup_trials=3)(),
    )
    work(one)
    work(two)
    assert told(one) == told(two)


def test_a_search_that_is_stopped_again_and_again_is_the_search_that_is_not(made, train) -> None:
    training = train(by_size)
    options = {"sampler": "tpe", "startup_trials": 3}
    undisturbed = made(study="undisturbed", **options)()
    work(undisturbed)
    expected, whole = told(undisturbed), dict(training.epochs)
    training.epochs.clear()
    training.finished.clear()
    open_again = made(study="disturbed", **options)
    work_with_stops(open_again, TRIALS)
    assert told(open_again()) == expected
    assert dict(training.epochs) == whole
    assert set(training.finished.values()) == {1}


def test_a_configuration_that_learns_nothing_is_parked_within_its_fold(made, train) -> None:
    def reaches(config: LearnerConfig, fold: int) -> float:
        return 0.9 + config.hidden_size / 10**5 if config.hidden_size % 3 else 0.3

    opened, training = made(trials=14)(), train(reaches)
    work(opened)
    broken = [trial for trial in trials(opened) if trial.params["hidden_size"] % 3 == 0]
    cut_short = [
        trial for trial in broken if 0 < training.epochs[trial.params["hidden_size"], 0] < 4 and not trial.value
    ]
    assert cut_short
    assert all(trial.state == TrialState.PRUNED for trial in broken)


@pytest.mark.parametrize("reaches", [by_size, misleading(3400)])
def test_several_workers_spend_the_budget_exactly_and_train_no_fold_twice(made, train, reaches) -> None:
    open_again, training = made(trials=24), train(reaches)
    workers = [worker_on(open_again(), name=f"w{number}") for number in range(4)]
    threads = [threading.Thread(target=worker.work) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = open_again()
    assert [trial.state.is_finished() for trial in trials(opened)] == [True] * 24
    assert sum(worker.report.complete + worker.report.pruned for worker in workers) == 24
    assert set(training.finished.values()) == {1}
    best = max((trial for trial in trials(opened) if trial.state == TrialState.COMPLETE), key=lambda one: one.value)
    assert reaches is by_size or best.params["hidden_size"] <= 3400


def test_the_original_goes_as_far_as_its_contract_says(made, train) -> None:
    train(lambda config, fold: 0.5 if config.hidden_size == 62 else by_size(config, fold))
    whole, first = made(study="whole", original="all")(), made(study="first", original="one-fold")()
    work(whole)
    work(first)
    assert trials(whole)[0].state == TrialState.COMPLETE
    assert (trials(first)[0].state, len(trials(first)[0].user_attrs[FOLD_ACCURACIES])) == (TrialState.PRUNED, 1)


def test_a_pause_lets_the_fold_at_work_end_and_begins_no_other(made, train) -> None:
    opened = made()()
    stop = StopFlag()

    def reaches(config: LearnerConfig, fold: int) -> float:
        opened.handle.set(PAUSED, True)
        return by_size(config, fold)

    training = train(reaches)
    worker = worker_on(opened, stop=stop)
    stop.watch(lambda: worker.report.put_back > 0)
    worker.work()
    assert sum(training.finished.values()) == 1
    (trial, *others) = trials(opened)
    assert (trial.state, len(trial.user_attrs[FOLD_ACCURACIES])) == (TrialState.WAITING, 1)
    assert all(other.state == TrialState.WAITING and not other.user_attrs for other in others)


def test_where_no_checkpoint_can_be_made_the_fold_goes_on(made, train, monkeypatch) -> None:
    from storage.artifacts import NamedBlobs

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(NamedBlobs, "write", full)
    opened, training = made()(), train(by_size)
    work(opened)
    assert read_status(opened).finished == TRIALS
    assert set(training.finished.values()) == {1}
    assert max(training.epochs.values()) == 4
