"""Folds that others train ahead: the trial comes to what it would have come to, whatever becomes of the help."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

import hpo.trial.adoption
from helping import announce, begin, help_with, hints, numbers, records, trial_of
from hpo.signals import StopFlag
from hpo.study.attributes import TRAINED_BY
from hpo.study.hints import Hint
from hpo.study.opened import OpenedStudy
from hpo.trial.adoption import LEAST_PATIENCE_S, first_epochs
from hpo.trial.hint_watch import HintWatch
from model.epochs import Curves
from model.training import FoldResult
from parking import by_size, trials, work, worker_on

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("pruner", ["none", "chance"])
def test_helpers_and_who_holds_the_trial_leave_to_the_byte_what_one_worker_leaves(
    open_again, alone, pruner, caplog
) -> None:
    left, recorded = alone(pruner)
    opened = help_with(open_again("helped", pruner=pruner), folds=4)
    # Without the folds before, more epochs were trained than will count.
    assert [hint.is_done for hint in hints(opened).values()] == [True] * 4
    assert any(hint.epochs > record.epochs for hint, record in zip(hints(opened).values(), recorded[1:], strict=True))
    with caplog.at_level(logging.INFO):
        work(opened)
    assert numbers(opened) == left
    assert [trial_of(opened).user_attrs[f"hpo:fold:{fold}"].get(TRAINED_BY) for fold in range(5)] == [None] + [
        "helper"
    ] * 4
    assert sum(", trained ahead by helper" in message for message in caplog.messages) == 4


def test_epochs_that_earlier_folds_rule_out_are_not_trained_ahead(open_again) -> None:
    opened = help_with(open_again(), folds=1, begun=1)
    (hint,) = hints(opened).values()
    assert hint.epochs <= records(opened)[0].epochs


def test_who_finds_another_at_its_next_fold_trains_one_ahead_itself(open_again, alone) -> None:
    opened = open_again("helped")()
    begin(opened, 1)
    gone = announce(opened, fold=1)
    work(opened)
    assert numbers(opened) == alone()[0]
    told = hints(opened)
    # The others were trained ahead by who holds the trial, and the fold of who was gone at last.
    assert (told[1], {fold: told[fold].worker for fold in (2, 3, 4)}) == (gone, {2: "w1", 3: "w1", 4: "w1"})


def test_a_fold_is_not_waited_for_longer_than_the_longest_took(open_again, monkeypatch) -> None:
    opened = open_again()()
    begin(opened, 4)
    announce(opened, fold=4)
    waited = []
    monkeypatch.setattr(StopFlag, "wait", lambda self, seconds: waited.append(seconds))
    work(opened)
    assert trial_of(opened).state == TrialState.COMPLETE
    assert sum(waited) < max(LEAST_PATIENCE_S, *(record.seconds for record in records(opened)[:4])) + 1.0


@pytest.mark.parametrize(("pruner", "count"), [("none", 2), ("chance", 1)])
def test_workers_that_meet_at_few_trials_train_no_fold_twice(made, train, pruner, count, monkeypatch) -> None:
    """Who holds a trial says nothing when it begins a fold, and who helps looks once more when it has announced one."""
    monkeypatch.setattr(hpo.trial.adoption, "LEAST_PATIENCE_S", 60.0)
    training = train(by_size)
    alone, together = (made(study=study, trials=count, pruner=pruner) for study in ("alone", "together"))
    work(alone())
    training.finished.clear()
    workers = [worker_on(together(), name=f"w{number}") for number in range(4)]
    threads = [threading.Thread(target=worker.work) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [[(one.state, one.value) for one in trials(study())] for study in (alone, together)]
    assert told[0] == told[1]
    assert set(training.finished.values()) == {1}


def _damaged(opened: OpenedStudy) -> None:
    path_of(opened).write_bytes(b"damaged")


def _of_another_configuration(opened: OpenedStudy) -> None:
    change(opened, training="0" * 16)


def _of_another_fold(opened: OpenedStudy) -> None:
    change(opened, artifact=opened.artifacts.put(b"no result"))


def _of_fewer_epochs(opened: OpenedStudy) -> None:
    change(opened, epochs=1)


def _garbage(opened: OpenedStudy) -> None:
    change(opened, seconds="nan")


def path_of(opened: OpenedStudy) -> Path:
    sha256 = hints(opened)[1].artifact
    return Path(opened.artifacts.location) / sha256[:2] / sha256[2:4] / sha256


def change(opened: OpenedStudy, **told) -> None:
    trial, seen = trial_of(opened), hints(opened)[1].as_dict()
    assert opened.storage.ledger.set_hint(trial._trial_id, 1, seen, seen | told)


@pytest.mark.parametrize("happens", [_damaged, _of_another_configuration, _of_another_fold, _of_fewer_epochs, _garbage])
def test_what_a_hint_says_wrongly_is_trained(open_again, alone, happens, caplog) -> None:
    opened = help_with(open_again("helped"), folds=1)
    happens(opened)
    work(opened)
    assert numbers(opened) == alone()[0]
    assert happens is _garbage or "trial 0 fold 1: what was trained ahead is of no use" in caplog.text


def result(losses: list[float]) -> FoldResult:
    curves = Curves(list(losses), list(losses), list(losses), list(losses))
    return FoldResult(curves, np.zeros((len(losses), 3), dtype=np.float32))


@pytest.mark.parametrize(
    ("losses", "most", "epochs"),
    [
        ([0.5, 0.4, 0.3, 0.2], 4, 4),
        ([0.5, 0.4, 0.3, 0.2], 2, 2),
        ([0.5, 0.4, 0.5, 0.5], 9, 4),
        ([0.5, 0.4, 0.5, 0.5], 3, 3),
        # It would have gone on; it would have ended before; it is no training.
        ([0.5, 0.4, 0.3], 4, None),
        ([0.4, 0.5, 0.5, 0.3], 4, None),
        ([0.5, float("nan"), 0.3], 3, None),
    ],
)
def test_a_training_without_a_limit_begins_with_the_one_under_it(losses: list[float], most: int, epochs) -> None:
    cut = first_epochs(result(losses), most, patience=2)
    assert (None if cut is None else (cut.curves.epochs, len(cut.probabilities))) == (epochs and (epochs, epochs))


def test_only_what_stands_unchanged_under_our_eyes_is_stale() -> None:
    now = [0.0]
    watch = HintWatch(60.0, clock=lambda: now[0])
    told = {"worker": "w", "host": "h", "pid": 1, "device": "cpu", "token": "t", "training": "f"}
    hint, next_beat = (Hint(**told, renewed_at=0.0, beat=beat) for beat in (0, 1))
    assert watch.is_fresh(0, 1, hint)
    now[0] = 59.0
    assert watch.is_fresh(0, 1, hint)
    assert watch.is_fresh(0, 1, next_beat)
    now[0] = 118.0
    assert watch.is_fresh(0, 1, next_beat)
    now[0] = 119.0
    assert not watch.is_fresh(0, 1, next_beat)
    assert watch.is_fresh(0, 2, next_beat)
