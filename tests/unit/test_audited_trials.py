"""Trials that would be given up and are trained to their end: which, how far, and what is told of them."""

import threading
from collections.abc import Callable

import pytest
from optuna.trial import TrialState

from hpo.signals import StopFlag
from hpo.study.attributes import FOLD_ACCURACIES, PARKED
from hpo.study.audits import draw_of
from hpo.study.end_search import end_search
from hpo.study.ending import ENDED
from hpo.study.opened import OpenedStudy
from hpo.study.pruning import pruning_in_words
from hpo.study.status import read_status
from model.configuration import LearnerConfig
from parking import AUDITED_TRIALS, audits, by_size, trials, work, work_with_stops, worker_on

pytestmark = pytest.mark.slow

MakeAudited = Callable[..., Callable[[], OpenedStudy]]


def unlucky_first(config: LearnerConfig, fold: int) -> float:
    """One in two has a bad first fold, and is the best of all."""
    if config.hidden_size % 2:
        return 0.2 if fold == 0 else 1.0
    return 0.7 + config.hidden_size / 10**5


def test_an_audited_trial_is_complete_and_every_other_is_drawn_for(audited: MakeAudited, train) -> None:
    opened, training = audited()(), train(by_size)
    work(opened)
    assert audits(opened)
    for trial in trials(opened):
        drawn = draw_of(trial.user_attrs)
        assert trial.state == (TrialState.PRUNED if drawn and not drawn.audited else TrialState.COMPLETE)
        assert (trial.user_attrs.get(PARKED) is None) == (trial.state == TrialState.COMPLETE)
        if trial.state == TrialState.COMPLETE:
            assert len(trial.user_attrs[FOLD_ACCURACIES]) == 5
    assert set(training.finished.values()) == {1}
    told = read_status(opened, prospects=True).pruning
    assert told is not None
    assert told.study.audited == len(audits(opened))
    assert told.study.given_up == sum(draw_of(trial.user_attrs) is not None for trial in trials(opened))
    assert told.study.beats_if_pruned.value == 0
    assert told.study.beats_if_pruned.high > 0.3


def test_a_trial_that_was_given_up_wrongly_wins_and_is_told_of(audited: MakeAudited, train) -> None:
    opened, _ = audited()(), train(unlucky_first)
    work(opened)
    status = read_status(opened, prospects=True)
    assert any(trial.number == status.best.number for trial in audits(opened))
    cost = status.pruning.study
    assert cost.beats_if_pruned.value > 0
    assert cost.regret.value > 0
    assert "would have been the best" in pruning_in_words(status.pruning)


def test_a_search_that_is_stopped_within_its_audits_is_the_search_that_is_not(audited: MakeAudited, train) -> None:
    training = train(by_size)
    undisturbed, disturbed = audited("undisturbed"), audited("disturbed")

    def told(open_again: Callable[[], OpenedStudy]) -> list[tuple]:
        return [(one.state, one.params, one.value, draw_of(one.user_attrs)) for one in trials(open_again())]

    work(undisturbed())
    assert audits(undisturbed())
    epochs = dict(training.epochs)
    training.epochs.clear()
    work_with_stops(disturbed, AUDITED_TRIALS)
    assert told(disturbed) == told(undisturbed)
    assert dict(training.epochs) == epochs


def test_several_workers_draw_once_for_each_trial_and_train_no_fold_twice(audited: MakeAudited, train) -> None:
    open_again, training = audited(), train(by_size)
    workers = [worker_on(open_again(), name=f"w{number}") for number in range(4)]
    threads = [threading.Thread(target=worker.work) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = trials(open_again())
    assert [trial.state.is_finished() for trial in ended] == [True] * AUDITED_TRIALS
    assert set(training.finished.values()) == {1}
    assert all(draw_of(trial.user_attrs) for trial in ended if trial.state == TrialState.PRUNED)
    assert all(trial.state == TrialState.COMPLETE for trial in audits(open_again()))


def test_where_the_clock_ended_the_search_nothing_is_audited(audited: MakeAudited, train) -> None:
    opened, _ = audited()(), train(by_size)
    stop = StopFlag()
    stop.watch(lambda: read_status(opened).complete > 0 and read_status(opened).parked > 0)
    work(opened, stop=stop)
    end_search(opened, "time")
    assert opened.handle.attributes()[ENDED]["why"] == "time"
    work(opened)
    status = read_status(opened, prospects=True)
    assert status.state == "done"
    assert status.pruned > 0
    assert not any(draw_of(trial.user_attrs) for trial in trials(opened))
    assert pruning_in_words(status.pruning) is None


def test_counts_are_those_of_all_studies_of_the_storage(audited: MakeAudited, made, train) -> None:
    train(by_size)
    one, two = audited("one")(), audited("two", sampler="tpe", startup_trials=3)()
    made(study="never begun")
    made(study="by another rule", pruner="none")
    work(one)
    work(two)
    first, second = (read_status(opened, prospects=True).pruning for opened in (one, two))
    assert first.storage == second.storage
    assert first.storage.studies == 2
    assert first.storage.audited == first.study.audited + second.study.audited
    two.handle.set("hpo:contract", {"format": 99})
    assert read_status(one, prospects=True).pruning.storage == first.study
    assert "given up in this study" in pruning_in_words(read_status(one, prospects=True).pruning)


def test_other_pruners_are_not_asked_for_what_they_cost(made, train) -> None:
    train(by_size)
    opened = made(pruner="none")()
    work(opened)
    assert read_status(opened, prospects=True).pruning is None
