"""What a trial may do to its worker: it ends with its reason recorded, and the worker goes on with the next."""

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import FrozenTrial, TrialState

import hpo.trial.fold_training
import hpo.trial.runner
from hpo.errors import DeviceLostError
from hpo.signals import StopFlag, on_stop
from hpo.study.attributes import BUDGET, FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings
from model.errors import NonFiniteLossError, OutOfMemoryError
from model.network import BiLSTM
from storage.trials.lease import DEATHS, LEASE, REASON, Claim, WorkerIdentity
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch

SPACE = """
encoding = "amino_acid"
embedding_size = 4
hidden_size = 4
layers = 1
batch_size = 64
"""


@pytest.fixture
def opened(make_study: Callable[..., Callable[[], OpenedStudy]]) -> OpenedStudy:
    """A study of two trials of five folds of one epoch."""
    return make_study(trials=2, space=SPACE, training=TrainingSettings(max_epochs=1, engine="stock"))()


def worker_on(opened: OpenedStudy, stop: StopFlag | None = None) -> Worker:
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    return Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag() if stop is None else stop)


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


@pytest.fixture
def first_training(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Puts something before the first fold that is trained; the others train as ever."""

    def before(happens: Callable[[], None]) -> None:
        real, waiting = hpo.trial.fold_training.train_fold, [happens]

        def train_fold(*arguments, **options):
            if waiting:
                waiting.pop()()
            return real(*arguments, **options)

        monkeypatch.setattr(hpo.trial.fold_training, "train_fold", train_fold)

    return before


def throw(error: Exception) -> Callable[[], None]:
    def happens() -> None:
        raise error

    return happens


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (NonFiniteLossError("The training loss is nan.", "Use a lower learning rate."), "nan"),
        (OutOfMemoryError("The memory of cuda:0 is not enough.", "Use a smaller batch."), "memory"),
        (MemoryError("cannot allocate"), "MemoryError: cannot allocate"),
        (torch.OutOfMemoryError("CUDA out of memory."), "OutOfMemoryError: CUDA out of memory."),
        (RuntimeError("shapes do not fit"), "RuntimeError: shapes do not fit"),
        (AssertionError("odd"), "AssertionError: odd"),
    ],
)
def test_a_failing_trial_ends_with_its_reason_and_the_worker_lives(opened, first_training, error, word) -> None:
    first_training(throw(error))
    report = worker_on(opened).work()
    assert (report.failed, report.complete) == (1, 1)
    failed, complete = trials(opened)
    assert (failed.state, complete.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert word in failed.user_attrs[REASON]


def test_a_gpu_that_is_full_in_the_middle_of_a_fold_fails_the_trial_alone(opened, monkeypatch) -> None:
    real, waiting = BiLSTM.forward, [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")]

    def forward(self: BiLSTM, *arguments):
        if waiting:
            raise waiting.pop()
        return real(self, *arguments)

    monkeypatch.setattr(BiLSTM, "forward", forward)
    report = worker_on(opened).work()
    assert (report.failed, report.complete) == (1, 1)
    assert "not enough for this configuration. Use a smaller batch size" in trials(opened)[0].user_attrs[REASON]


def test_a_device_that_answers_no_more_ends_the_process_and_not_the_trial(opened, first_training, monkeypatch) -> None:
    first_training(throw(RuntimeError("CUDA error: device-side assert triggered")))
    monkeypatch.setattr(hpo.trial.runner, "computes", lambda device: False)
    with pytest.raises(DeviceLostError, match="device-side assert"):
        worker_on(opened).work()
    first = trials(opened)[0]
    assert first.state == TrialState.RUNNING
    assert first.user_attrs[LEASE]["worker"] == "w1"


def test_a_late_fold_and_a_late_result_are_dropped_and_the_worker_goes_on(opened, first_training, caplog) -> None:
    def taken_for_dead() -> None:
        watch = StaleWatch(opened.queue, lease_timeout_s=60.0, max_deaths=3)
        assert watch.release_dead("w1", opened.budget) == [0]

    first_training(taken_for_dead)
    with caplog.at_level(logging.WARNING):
        report = worker_on(opened).work()
    assert "late result dropped" in caplog.text
    assert (report.lost, report.complete) == (1, 2)
    first = trials(opened)[0]
    assert first.state == TrialState.COMPLETE
    assert len(first.user_attrs[DEATHS]) == 1


def test_what_is_recorded_under_the_lease_is_what_the_pruner_sees(opened, monkeypatch) -> None:
    """Optuna's own copy of a running trial does not know it."""
    seen: list[object] = []

    def prune(self: object, study: object, trial: FrozenTrial) -> bool:
        seen.append(trial.user_attrs.get(FOLD_ACCURACIES))
        return True

    monkeypatch.setattr(optuna.pruners.NopPruner, "prune", prune)
    report = worker_on(opened).work()
    # Trial 0 is the baseline, and never asked about.
    assert (report.complete, report.pruned) == (1, 1)
    assert [len(accuracies) for accuracies in seen] == [1]


def test_a_stop_during_a_fold_puts_the_trial_back(opened, first_training) -> None:
    worker = worker_on(opened)
    first_training(lambda: worker.stop.set())
    report = worker.work()
    assert report.put_back == 1
    assert [trial.state for trial in trials(opened)] == [TrialState.WAITING]
    assert DEATHS not in trials(opened)[0].user_attrs


def test_a_second_signal_during_a_step_puts_the_trial_back_at_once(opened, first_training) -> None:
    def two_signals_and_no_batch_after() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the step went on")

    first_training(two_signals_and_no_batch_after)
    with on_stop() as stop:
        worker = worker_on(opened, stop)
        worker.work()
    assert stop.exit_code == 143
    assert worker.report.put_back == 1
    assert [trial.state for trial in trials(opened)] == [TrialState.WAITING]
    assert DEATHS not in trials(opened)[0].user_attrs


def test_a_second_signal_while_the_trial_is_put_back_puts_it_back(opened, first_training, monkeypatch) -> None:
    real, signals = TrialQueue.put_back, [signal.SIGTERM]

    def put_back(self: TrialQueue, claim: Claim) -> None:
        if signals:
            os.kill(os.getpid(), signals.pop())
        real(self, claim)

    monkeypatch.setattr(TrialQueue, "put_back", put_back)
    first_training(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with on_stop() as stop:
        worker_on(opened, stop).work()
    assert stop.exit_code == 143
    assert [trial.state for trial in trials(opened)] == [TrialState.WAITING]


@pytest.mark.slow
def test_memory_does_not_grow_from_trial_to_trial(opened) -> None:
    torch.set_num_threads(1)
    opened.handle.set(BUDGET, 15)
    worker_on(opened).work()
    before = resident_mb()
    opened.handle.set(BUDGET, 35)
    worker_on(opened).work()
    # 20 trials of 5 folds; one network, or one fold's rows, kept from each would be far more.
    assert resident_mb() - before < 12


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
