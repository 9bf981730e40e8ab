"""Who trains a fold ahead: announced once, and left whole or not at all."""

import json

import pytest
from optuna.trial import TrialState

import hpo.trial.fold_training
from helping import SPACE, announce, begin, files, helper_on, hints, hold, trial_of
from hpo.signals import StopFlag
from hpo.study.attributes import PAUSED
from hpo.study.status import read_status
from model.configuration import TrainingSettings
from model.errors import NonFiniteLossError
from parking import work
from storage.trials.lease import REASON

pytestmark = pytest.mark.slow


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
