"""Lanes that are asked to stop: once, and again."""

import logging
import os
import signal
import threading

from hpo.signals import StopFlag, on_stop
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import WorkerReport
from lanes_at_work import LATE_S, MakeStudy, Meeting, Train, has_deaths, lanes_on, let_lanes_end, small, states
from model.configuration import TrainingSettings


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
