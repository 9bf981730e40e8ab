"""Lanes whose memory, device, step or disk fails: who ends, whose trial goes back, and who is blamed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from optuna.trial import TrialState

import hpo.trial.runner
from hpo.errors import EXIT_RENEW, DeviceLostError, HpoError
from hpo.signals import StopFlag
from hpo.study.opened import OpenedStudy
from hpo.workers.take_back import Aftermath, TakeBack
from hpo.workers.worker import WorkerReport
from lanes_at_work import LATE_S, Meeting, Train, has_deaths, lanes_on, let_lanes_end, of_trials, states, trials
from model.errors import OutOfMemoryError
from storage.trials.lease import DEATHS, REASON

pytestmark = pytest.mark.slow


def test_a_trial_that_had_company_when_memory_ran_out_goes_back_and_a_lane_ends(opened, training, caplog) -> None:
    meeting = Meeting(3)

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            if meeting.place() == 1:
                raise OutOfMemoryError("The memory of cuda:0 is not enough.", "Use a smaller batch.")
            return real(*arguments, **options)

        return train_fold

    training(around)
    report = lanes_on(opened, 3).work()
    assert of_trials(report) == WorkerReport(complete=4, put_back=1)
    assert "2 at once from now on" in caplog.text
    assert states(opened) == ["COMPLETE"] * 4


def test_lanes_that_are_full_together_leave_one(opened: OpenedStudy, training, caplog) -> None:
    meeting = Meeting(3)

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            if meeting.place() is not None:
                raise OutOfMemoryError("The memory of cuda:0 is not enough.", "Use a smaller batch.")
            return real(*arguments, **options)

        return train_fold

    training(around)
    assert of_trials(lanes_on(opened, 3).work()) == WorkerReport(complete=4, put_back=3)
    assert "1 at once from now on" in caplog.text


def test_a_trial_that_is_too_large_for_the_device_fails_alone(opened: OpenedStudy, training) -> None:
    baseline = opened.contract.baseline_configuration

    def around(real: Train) -> Train:
        def train_fold(config, *arguments, **options):
            if config == baseline:
                raise OutOfMemoryError("The memory of cuda:0 is not enough.", "Use a smaller batch.")
            return real(config, *arguments, **options)

        return train_fold

    training(around)
    report = lanes_on(opened, 3).work()
    assert (report.complete, report.failed) == (3, 1)
    assert states(opened) == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    assert "not enough" in trials(opened)[0].user_attrs[REASON]


def test_a_device_that_fails_ends_the_process_and_blames_nobody_of_several(opened, training, monkeypatch) -> None:
    meeting, release, stop = Meeting(2), threading.Event(), StopFlag()

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            if meeting.place() == 0:
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            release.wait(LATE_S)
            return real(*arguments, **options)

        return train_fold

    training(around)
    monkeypatch.setattr(hpo.trial.runner, "computes", lambda device: False)
    lanes = lanes_on(opened, 2, stop)
    try:
        with pytest.raises(DeviceLostError, match="illegal memory access") as caught:
            lanes.work()
        assert caught.value.exit_code == EXIT_RENEW
        assert states(opened)[:2] == ["RUNNING", "RUNNING"]
        assert TakeBack(opened).from_dead("w1", "its device failed") == Aftermath(had_finished=False, held=2)
        assert states(opened)[:2] == ["WAITING", "WAITING"]
        assert not has_deaths(opened)
    finally:
        stop.set()
        let_lanes_end(release)


def test_a_step_that_hangs_ends_the_process_and_its_trial_alone_is_blamed(opened: OpenedStudy, training) -> None:
    meeting, release, ended = Meeting(3), threading.Event(), threading.Event()

    def around(real: Train) -> Train:
        def train_fold(*arguments, on_batch, **options):
            if meeting.place() == 0:
                release.wait(LATE_S)
            # The others take step after step, until they hear that they are to stop.
            while not ended.wait(0.01):
                on_batch()
            return real(*arguments, on_batch=on_batch, **options)

        return train_fold

    training(around)
    told: list[float] = []

    def end(limit_s: float) -> None:
        told.append(limit_s)
        ended.set()

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(lanes_on(opened, 3, step_timeout_s=3.0, end=end).work)
        assert ended.wait(LATE_S)
        try:
            assert sorted(states(opened)[:3]) == ["RUNNING", "WAITING", "WAITING"]
            assert TakeBack(opened).from_dead("w1", "a training step hung") == Aftermath(had_finished=False, held=1)
            assert [len(trial.user_attrs.get(DEATHS, ())) for trial in trials(opened)[:3]].count(1) == 1
        finally:
            release.set()
        # Should the step come back meanwhile, the process ends as one that is to be replaced, and claims no more.
        with pytest.raises(HpoError) as caught:
            work.result(LATE_S)
    assert caught.value.exit_code == EXIT_RENEW
    assert told == [3.0]
    assert TrialState.RUNNING not in {trial.state for trial in trials(opened)}


def test_what_is_no_trial_s_fault_ends_all_lanes_and_their_trials_go_back(opened: OpenedStudy, training) -> None:
    meeting = Meeting(3)

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            if meeting.place() == 2:
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        return train_fold

    training(around)
    with pytest.raises(OSError, match="No space left"):
        lanes_on(opened, 3).work()
    assert "RUNNING" not in states(opened)
    assert not has_deaths(opened)
