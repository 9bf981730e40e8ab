"""Several trials at once in one process: what holds for one worker holds for its lanes, in real threads."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpo.signals import StopFlag
from hpo.study.attributes import PAUSED
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import Worker, WorkerReport
from lanes_at_work import LATE_S, MakeStudy, folds, identity, lanes_on, of_trials, small, states, trials

pytestmark = pytest.mark.slow


def test_lanes_leave_the_folds_of_one_worker_to_the_byte(make_study: MakeStudy) -> None:
    one, three = (small(make_study, study=name)() for name in ("one", "three"))
    Worker(opened=one, identity=identity(), device="cpu", stop=StopFlag()).work()
    report = lanes_on(three, 3).work()
    assert of_trials(report) == WorkerReport(complete=4)
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
        assert of_trials(work.result(LATE_S)) == WorkerReport(complete=4)
    assert sum("open again" in message for message in caplog.messages) <= 1
