"""A held trial: its lease is renewed while it is at work and no longer, and several may be held in one process."""

import threading
from collections.abc import Callable

import pytest
from optuna.trial import FrozenTrial, TrialState

from hpo.errors import StopRequested
from hpo.signals import StopFlag
from hpo.study.attributes import FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy
from hpo.trial.held_trial import HeldTrial
from hpo.trial.runner import TrialRunner
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings
from model.runtime import one_thread
from storage.errors import LeaseLostError
from storage.trials.lease import WorkerIdentity

SPACE = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = [4, 8]\nlayers = 1\nbatch_size = 64\n'


def identity(name: str) -> WorkerIdentity:
    return WorkerIdentity(worker=name, host="laptop", pid=1, device="cpu")


def held(opened: OpenedStudy, stop: StopFlag | None = None) -> HeldTrial:
    claim = opened.queue.claim(identity("w1"), opened.budget)
    assert claim is not None
    return HeldTrial(opened, claim, StopFlag() if stop is None else stop)


def beating() -> bool:
    return any(thread.name.startswith("lease-") for thread in threading.enumerate())


def stored(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


@pytest.mark.parametrize("end", ["finish", "put_back"])
def test_beats_end_before_the_trial_does(opened, end: str) -> None:
    study = opened()
    with held(study) as trial:
        assert beating()
        if end == "finish":
            trial.finish(TrialState.COMPLETE, 0.5, None)
        else:
            trial.put_back()
        assert not beating()
    assert stored(study)[0].state == (TrialState.COMPLETE if end == "finish" else TrialState.WAITING)


def test_who_holds_it_no_more_writes_nothing(opened) -> None:
    study = opened()
    trial = held(study)
    trial.put_back()
    for write in (lambda: trial.record({"x": 1}), lambda: trial.finish(TrialState.FAIL, None, "late"), trial.put_back):
        with pytest.raises(LeaseLostError):
            write()
    assert "x" not in stored(study)[0].user_attrs


def test_a_stop_lets_the_epoch_go_on_for_a_while(opened) -> None:
    now, study = [0.0], opened()
    stop = StopFlag(clock=lambda: now[0])
    trial = held(study, stop)
    trial.check()
    assert not trial.stopping
    stop.set()
    trial.check()
    assert trial.stopping
    now[0] = 4.1
    with pytest.raises(StopRequested):
        trial.check()


Made = Callable[..., Callable[[], OpenedStudy]]


def finished_by(opened: OpenedStudy, workers: int, stop: StopFlag | None = None) -> list[object]:
    """Lets workers finish a study, each in a thread of its own with a runner common to all; returns its numbers."""
    run_trial = TrialRunner.of(opened, "cpu").run
    stop = StopFlag() if stop is None else stop
    made = [
        Worker(opened=opened, identity=identity(f"w{n}"), device="cpu", stop=stop, run_trial=run_trial)
        for n in range(workers)
    ]
    threads = [threading.Thread(target=worker.work) for worker in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [(trial.state, trial.params, trial.user_attrs.get(FOLD_ACCURACIES)) for trial in stored(opened)]


@pytest.mark.slow
def test_several_workers_may_be_threads_of_one_process(make_study: Made) -> None:
    training = TrainingSettings(max_epochs=2, engine="stock")
    one, three = (make_study(study=name, trials=6, space=SPACE, training=training)() for name in ("one", "three"))
    with one_thread():
        alone, together = finished_by(one, 1), finished_by(three, 3)
    assert together == alone
    assert {state for state, *_ in together} == {TrialState.COMPLETE}


def test_one_stop_stops_them_all_and_their_trials_go_back(make_study: Made) -> None:
    opened = make_study(trials=6, space=SPACE, training=TrainingSettings(max_epochs=50, patience=50, engine="stock"))()
    stop = StopFlag()
    stop.watch(lambda: sum(trial.state == TrialState.RUNNING for trial in stored(opened)) == 3)
    with one_thread():
        finished_by(opened, 3, stop)
    assert [trial.state for trial in stored(opened)[:3]] == [TrialState.WAITING] * 3
    assert not beating()
