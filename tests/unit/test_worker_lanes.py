"""Several trials at once in one process: what holds for one worker holds for its lanes, in real threads."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from optuna.trial import FrozenTrial, TrialState

import hpo.trial.runner
from hpo.errors import EXIT_RENEW, DeviceLostError, HpoError
from hpo.signals import StopFlag, on_stop
from hpo.study.attributes import PAUSED, finished_folds
from hpo.study.opened import OpenedStudy
from hpo.trial.runner import TrialRunner
from hpo.workers.lanes import Lanes
from hpo.workers.take_back import Aftermath, TakeBack
from hpo.workers.worker import Worker, WorkerReport
from model.configuration import TrainingSettings
from model.errors import OutOfMemoryError
from storage.trials.lease import DEATHS, REASON, WorkerIdentity

SPACE = """
encoding = "amino_acid"
embedding_size = 4
hidden_size = [4, 8]
layers = 1
batch_size = 16
"""
#: Seconds after which a test has failed.
LATE_S = 120.0

MakeStudy = Callable[..., Callable[[], OpenedStudy]]
Train = Callable[..., object]


@pytest.fixture
def opened(make_study: MakeStudy) -> OpenedStudy:
    """A study of four trials of two folds of one epoch."""
    return small(make_study)()


def small(make_study: MakeStudy, **changes: object) -> Callable[[], OpenedStudy]:
    training = TrainingSettings(max_epochs=1, engine="stock")
    return make_study(**{"trials": 4, "folds": 2, "space": SPACE, "training": training, **changes})


def identity(worker: str = "w1") -> WorkerIdentity:
    return WorkerIdentity(worker=worker, host="laptop", pid=1, device="cpu")


def lanes_on(opened: OpenedStudy, count: int, stop: StopFlag | None = None, **more: object) -> Lanes:
    return Lanes(
        opened=opened,
        identity=more.pop("identity", identity()),
        runner=TrialRunner.of(opened, "cpu", more.pop("step_timeout_s", 600.0)),
        stop=StopFlag() if stop is None else stop,
        count=count,
        **more,
    )


def trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return opened.storage.get_all_trials(opened.handle.study_id)


def states(opened: OpenedStudy) -> list[str]:
    return [trial.state.name for trial in trials(opened)]


def has_deaths(opened: OpenedStudy) -> bool:
    return any(DEATHS in trial.user_attrs for trial in trials(opened))


def folds(opened: OpenedStudy) -> list[list[str]]:
    """SHA-256 of every fold of every trial."""
    return [[record.artifact for record in finished_folds(trial.user_attrs, 2)] for trial in trials(opened)]


def left_running() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(("lane-", "lease-", "watchdog"))]


def let_lanes_end(release: threading.Event) -> None:
    """In place of the process's end."""
    release.set()
    for thread in threading.enumerate():
        if thread.name.startswith("lane-"):
            thread.join(LATE_S)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert left_running() == []


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Train], Train]], None]:
    """Puts something in the place of the training of a fold; it is given the real one."""

    def put(around: Callable[[Train], Train]) -> None:
        monkeypatch.setattr(hpo.trial.runner, "train_fold", around(hpo.trial.runner.train_fold))

    return put


class Meeting:
    """The first folds that lanes train meet; each learns which it is. Later ones pass."""

    def __init__(self, lanes: int) -> None:
        self._all_there = threading.Barrier(lanes)
        self._places = iter(range(lanes))
        self._lock = threading.Lock()

    def place(self) -> int | None:
        with self._lock:
            place = next(self._places, None)
        if place is not None:
            self._all_there.wait(LATE_S)
        return place


def test_lanes_leave_the_folds_of_one_worker_to_the_byte(make_study: MakeStudy) -> None:
    one, three = (small(make_study, study=name)() for name in ("one", "three"))
    Worker(opened=one, identity=identity(), device="cpu", stop=StopFlag()).work()
    report = lanes_on(three, 3).work()
    assert report == WorkerReport(complete=4)
    assert folds(three) == folds(one)
    assert [trial.params for trial in trials(three)] == [trial.params for trial in trials(one)]


def test_the_budget_is_exact_with_several_processes_of_several_lanes(make_study: MakeStudy) -> None:
    open_again = small(make_study, trials=7)
    processes = [lanes_on(open_again(), 2, identity=identity(f"w{n}")) for n in range(2)]
    with ThreadPoolExecutor() as pool:
        reports = [work.result(LATE_S) for work in [pool.submit(lanes.work) for lanes in processes]]
    assert sum(report.complete for report in reports) == 7
    assert states(open_again()) == ["COMPLETE"] * 7


def test_no_trial_is_claimed_when_the_time_is_over(opened: OpenedStudy) -> None:
    assert lanes_on(opened, 2, timeout_s=0.0).work() == WorkerReport()


def test_a_first_signal_stops_all_lanes_with_checkpoints(make_study: MakeStudy, training, caplog) -> None:
    long = TrainingSettings(max_epochs=5000, patience=5000, engine="stock")
    opened, meeting, stop = small(make_study, training=long)(), Meeting(3), StopFlag()

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            if meeting.place() == 0:
                stop.set()
            return real(*arguments, **options)

        return train_fold

    training(around)
    with caplog.at_level(logging.INFO):
        report = lanes_on(opened, 3, stop).work()
    assert report == WorkerReport(put_back=3)
    assert set(states(opened)) == {"WAITING"}
    assert not has_deaths(opened)
    assert sum("checkpoint after epoch" in message for message in caplog.messages) == 3


def test_a_second_signal_puts_back_what_all_lanes_hold_and_waits_for_none(opened: OpenedStudy, training) -> None:
    meeting, release = Meeting(2), threading.Event()

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            if meeting.place() == 0:
                os.kill(os.getpid(), signal.SIGTERM)
                # One that came too soon after the first would be one with it.
                stop.wait(LATE_S)
                os.kill(os.getpid(), signal.SIGTERM)
            release.wait(LATE_S)
            return real(*arguments, **options)

        return train_fold

    training(around)
    with on_stop() as stop:
        lanes_on(opened, 2, stop).work()
        raise AssertionError("the second signal was not heard")
    try:
        assert stop.exit_code == 143
        assert set(states(opened)) == {"WAITING"}
        assert not has_deaths(opened)
    finally:
        let_lanes_end(release)


def test_a_pause_is_told_once(opened: OpenedStudy, caplog) -> None:
    opened.handle.set(PAUSED, True)
    stop = StopFlag()
    stop.watch(lambda: "the study is paused: waiting for hpo resume" in caplog.messages)
    lanes = lanes_on(opened, 3, stop)
    with caplog.at_level(logging.INFO):
        lanes.work()
    assert [message for message in caplog.messages if "paused" in message] == [
        "the study is paused: waiting for hpo resume"
    ]


def test_a_study_that_is_open_again_is_worked_on(opened: OpenedStudy, caplog) -> None:
    opened.handle.set(PAUSED, True)
    with caplog.at_level(logging.INFO), ThreadPoolExecutor(1) as pool:
        work = pool.submit(lanes_on(opened, 2).work)
        opened.handle.set(PAUSED, False)
        assert work.result(LATE_S) == WorkerReport(complete=4)
    assert sum("open again" in message for message in caplog.messages) <= 1


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
    assert report == WorkerReport(complete=4, put_back=1)
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
    assert lanes_on(opened, 3).work() == WorkerReport(complete=4, put_back=3)
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
