"""A study that is pruned by P: workers take folds, park trials, take them up again, and spend the budget exactly."""

import logging
import threading
from collections.abc import Callable

import optuna
import pytest
from made_up_training import SPACE, MadeUpTraining
from optuna.trial import FrozenTrial, TrialState

import hpo.trial.runner
from hpo.signals import StopFlag
from hpo.study.attributes import BUDGET, CHECKPOINT, FOLD_ACCURACIES, PARKED, PAUSED
from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status
from hpo.workers.worker import Worker, WorkerReport
from model.configuration import LearnerConfig
from storage.trials.lease import WorkerIdentity

TRIALS = 10


@pytest.fixture
def made(make_study: Callable[..., Callable[[], OpenedStudy]]) -> Callable[..., Callable[[], OpenedStudy]]:
    """Makes a study that is pruned by P."""

    def make(**changes) -> Callable[[], OpenedStudy]:
        asked = {"trials": TRIALS, "space": SPACE, "pruner": "chance", "original": "skip", **changes}
        return make_study(**asked)

    return make


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MadeUpTraining]:
    """Lets folds reach what they are told to, in no time."""

    def replace(reaches: Callable[[LearnerConfig, int], float]) -> MadeUpTraining:
        training = MadeUpTraining(0, reaches)
        monkeypatch.setattr(hpo.trial.runner, "train_fold", training)
        return training

    return replace


def worker_on(opened: OpenedStudy, name: str = "w1", stop: StopFlag | None = None, **more) -> Worker:
    identity = WorkerIdentity(worker=name, host="laptop", pid=1, device="cpu")
    return Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag() if stop is None else stop, **more)


def work(opened: OpenedStudy, **more) -> WorkerReport:
    return worker_on(opened, **more).work()


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


def told(opened: OpenedStudy) -> list[tuple]:
    """What a search comes to: who was proposed, what was reached, how it ended."""
    return [(one.state, one.params, one.value, one.user_attrs.get(FOLD_ACCURACIES)) for one in trials(opened)]


def by_size(config: LearnerConfig, fold: int) -> float:
    """Some are good, some hopeless, all a little different by fold."""
    return 0.95 - 0.3 * (config.hidden_size % 7 > 1) - config.hidden_size % 11 / 500 - 0.002 * (fold % 3)


def misleading(above: int) -> Callable[[LearnerConfig, int], float]:
    """Those above a size lead by their first folds and end below all others."""

    def reaches(config: LearnerConfig, fold: int) -> float:
        if config.hidden_size > above:
            return 0.99 if fold < 2 else 0.5
        return 0.86 - config.hidden_size / 10**6 + 0.001 * fold

    return reaches


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
    for _ in range(100):
        opened, stop, asked = open_again(), StopFlag(), iter(range(7))
        stop.watch(lambda asked=asked: next(asked, None) is None)
        if opened.queue.counts(TRIALS).is_spent:
            break
        work(opened, stop=stop)
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


def test_what_is_parked_is_told_and_counted_and_thaws_with_a_larger_budget(made, train) -> None:
    opened, training = made()(), train(by_size)
    stop = StopFlag()
    stop.watch(lambda: read_status(opened).parked >= 3)
    work(opened, stop=stop)
    status = read_status(opened)
    assert status.parked >= 3
    assert status.waiting >= status.parked
    assert status.complete + status.pruned < TRIALS
    opened.handle.set(BUDGET, TRIALS + 4)
    work(opened)
    assert read_status(opened).finished == TRIALS + 4
    assert set(training.finished.values()) == {1}


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


def test_samplers_are_shown_what_is_parked_as_pruned_and_nobody_else_is(made, train) -> None:
    opened = made(sampler="tpe")()
    train(by_size)
    stop = StopFlag()
    stop.watch(lambda: read_status(opened).parked >= 2)
    work(opened, stop=stop)
    stored = {trial.number for trial in trials(opened) if trial.user_attrs.get(PARKED)}
    shown = opened.study(99).get_trials(deepcopy=False, states=(TrialState.PRUNED,))
    assert {trial.number for trial in shown} == stored
    assert {trial.number for trial in opened.study(99).get_trials() if trial.state == TrialState.PRUNED} == stored
    theirs = optuna.load_study(study_name="s", storage=opened.address.storage)
    assert not [trial for trial in theirs.trials if trial.state == TrialState.PRUNED]


def test_what_other_programs_have_added_leads_nobody(made, train) -> None:
    opened = made()()
    train(by_size)
    theirs = optuna.load_study(study_name="s", storage=opened.address.storage)
    perfect = {FOLD_ACCURACIES: [1.0] * 5}
    for _ in range(3):
        theirs.add_trial(optuna.trial.create_trial(value=1.0, user_attrs=perfect))
    work(opened)
    own = [trial for trial in trials(opened) if trial.user_attrs != perfect]
    assert [trial.state.is_finished() for trial in own] == [True] * TRIALS
    complete = [trial for trial in own if trial.state == TrialState.COMPLETE]
    assert max(trial.value for trial in complete) > 0.9


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
