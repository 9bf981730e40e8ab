"""Folds that others train ahead: the trial comes to what it would have come to, whatever becomes of the help."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

import hpo.trial.adoption
import hpo.trial.fold_training
from helping import begin, help_with, helper_on, hints, hold, numbers, records, trial_of
from hpo.signals import StopFlag
from hpo.study.attributes import PAUSED, TRAINED_BY
from hpo.study.hints import Hint
from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status
from hpo.trial.adoption import LEAST_PATIENCE_S, first_epochs
from hpo.trial.hint_watch import HintWatch
from model.configuration import TrainingSettings
from model.epochs import Curves
from model.errors import NonFiniteLossError
from model.runtime import one_thread
from model.training import FoldResult
from parking import by_size, trials, work, worker_on
from storage.trials.lease import REASON

SPACE = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = 4\nlayers = 1\nbatch_size = 16\n'
Open = Callable[[], OpenedStudy]


@pytest.fixture
def open_again(make_study) -> Callable[..., Open]:
    """Makes a study of one trial whose folds end at different epochs."""

    def make(study: str = "s", **more) -> Open:
        training = TrainingSettings(max_epochs=9, patience=2, engine="stock")
        return make_study(study=study, trials=1, space=SPACE, original="skip", training=training, **more)

    return make


#: What one worker leaves, by the pruner: as long as this process lives, it is the same.
_alone: dict[str, tuple] = {}


@pytest.fixture
def alone(open_again) -> Callable[..., tuple]:
    """What one worker leaves of such a study: its trial's numbers, and the records of its folds."""

    def leaves(pruner: str = "none") -> tuple:
        if pruner not in _alone:
            opened = open_again("alone", pruner=pruner)()
            work(opened)
            _alone[pruner] = numbers(opened), records(opened)
        return _alone[pruner]

    return leaves


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


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


def announce(opened: OpenedStudy, fold: int, **more) -> Hint:
    """As a helper does that is never heard of again."""
    told = {"worker": "gone", "host": "there", "pid": 9, "device": "cpu", "token": "t", "training": "f" * 16}
    hint = Hint(**{**told, "renewed_at": 0.0, **more})
    assert opened.storage.ledger.set_hint(trial_of(opened)._trial_id, fold, None, hint.as_dict())
    return hint


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


def test_of_two_helpers_one_takes_another_fold(open_again) -> None:
    again = open_again()
    opened = again()
    begin(opened)
    hold(opened)
    announce(opened, fold=1)
    # What the second helper saw was before.
    one, two = helper_on(again(), "one"), helper_on(again(), "two")
    seen = trial_of(opened)
    assert one._announced(seen, 2) is not None
    assert two._announced(seen, 2) is None
    assert two.help(1)
    assert {fold: hint.worker for fold, hint in hints(opened).items()} == {1: "gone", 2: "one", 3: "two"}


def test_a_fold_that_its_worker_may_have_begun_is_left_to_it(open_again) -> None:
    again = open_again()
    opened = again()
    begin(opened)
    hold(opened)
    seen = trial_of(opened)
    opened.storage.set_trial_user_attr(
        seen._trial_id, "hpo:fold:0", {"fold": 0, "artifact": "", "epochs": 3, "seconds": 1}
    )
    assert helper_on(again())._announced(seen, 1) is None
    assert hints(opened) == {}


@pytest.fixture
def in_training(monkeypatch) -> Callable[[Callable[[], None]], None]:
    """Lets something happen in the middle of the next fold that is trained."""

    def put(happens: Callable[[], None]) -> None:
        real, waiting = hpo.trial.fold_training.train_fold, [happens]

        def train_fold(*arguments, on_epoch, **options):
            def then(*told) -> None:
                on_epoch(*told)
                if waiting:
                    waiting.pop()()

            return real(*arguments, on_epoch=then, **options)

        monkeypatch.setattr(hpo.trial.fold_training, "train_fold", train_fold)

    return put


def files(opened: OpenedStudy) -> set[Path]:
    return {path for path in Path(opened.artifacts.location).rglob("*") if path.is_file()}


def test_a_helper_that_is_stopped_leaves_nothing(open_again, in_training) -> None:
    opened, stop = open_again()(), StopFlag()
    begin(opened)
    hold(opened)
    before = files(opened)
    in_training(stop.set)
    helper_on(opened, stop=stop).help(1)
    assert (hints(opened), files(opened)) == ({}, before)


def test_of_a_trial_that_ends_meanwhile_nothing_is_left(open_again, in_training) -> None:
    opened = open_again()()
    begin(opened)
    claim, before = hold(opened), files(opened)
    in_training(lambda: opened.queue.finish(claim, TrialState.PRUNED, 0.5))
    assert helper_on(opened).help(1)
    assert not hints(opened)[1].is_done  # of a trial that has ended nothing is changed
    assert files(opened) == before


def test_a_trial_that_was_parked_meanwhile_keeps_what_was_trained(open_again, in_training) -> None:
    opened = open_again()()
    begin(opened)
    claim = hold(opened)
    in_training(lambda: opened.queue.put_back(claim))
    helper_on(opened).help(1)
    assert hints(opened)[1].is_done


def test_a_pause_lets_a_fold_end_that_is_trained_ahead_and_begins_no_other(open_again, in_training) -> None:
    again = open_again()
    opened, stop = again(), StopFlag()
    begin(opened)
    hold(opened)
    in_training(lambda: opened.handle.set(PAUSED, True))
    looks = iter(range(2))
    stop.watch(lambda: hints(opened).get(1) is not None and hints(opened)[1].is_done and next(looks, None) is None)
    report = work(again(), stop=stop)
    assert report.trained_ahead == 1
    assert [hint.is_done for hint in hints(opened).values()] == [True]


def test_what_cannot_be_trained_is_left_to_who_holds_the_trial(open_again, monkeypatch) -> None:
    def diverges(*_, **__):
        raise NonFiniteLossError("The training loss is nan.", "Use a lower learning rate.")

    opened = open_again()()
    begin(opened)
    claim = hold(opened)
    monkeypatch.setattr(hpo.trial.fold_training, "train_fold", diverges)
    helper = helper_on(opened)
    assert [helper.help(1), helper.help(1)] == [True, False]
    assert hints(opened) == {}
    assert trial_of(opened).state == TrialState.RUNNING
    opened.queue.put_back(claim)
    work(opened)
    assert "nan" in trial_of(opened).user_attrs[REASON]


def test_a_helper_says_that_it_is_still_at_it_and_hears_that_it_is_not_wanted(open_again, in_training) -> None:
    opened = open_again(lease_timeout_s=0.001)()
    begin(opened)
    claim, beats = hold(opened), list[int]()

    def then() -> None:
        beats.append(hints(opened)[1].beat)
        opened.queue.put_back(claim)

    in_training(then)
    before = files(opened)
    assert helper_on(opened).help(1)
    assert beats[0] > 0
    assert (hints(opened), files(opened)) == ({}, before)


@pytest.mark.parametrize(("original", "helped"), [("one-fold", False), ("all", True)])
def test_the_original_is_helped_as_far_as_it_goes(make_study, original: str, helped: bool) -> None:
    training = TrainingSettings(max_epochs=1, engine="stock")
    opened = make_study(trials=2, space=SPACE, original=original, training=training)()
    begin(opened)
    hold(opened)
    assert helper_on(opened).help(2) is helped


def test_a_status_names_who_helps(open_again, in_training) -> None:
    opened, seen = open_again()(), []
    begin(opened)
    hold(opened)
    in_training(lambda: seen.append(read_status(opened)))
    helper_on(opened).help(1)
    told = [(one.worker, one.trial, one.fold, one.helps) for one in seen[0].workers]
    assert told == [("holder", 0, None, False), ("helper", 0, 1, True)]
    assert json.loads(json.dumps(seen[0].as_dict()))["workers"][1]["helps"] is True
    assert len(read_status(opened).workers) == 1


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
