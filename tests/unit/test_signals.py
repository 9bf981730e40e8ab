"""Stopping: the first signal sets a flag, a second ends the work, a third acts as if nobody had listened."""

import os
import signal
import subprocess
import sys
import threading

from hpo.signals import StopFlag, on_stop


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def test_a_second_signal_ends_the_body_and_a_third_is_for_the_earlier_handler() -> None:
    received: list[int] = []
    steps: list[str] = []
    earlier = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with on_stop() as stop:
            assert not stop
            send(signal.SIGTERM)
            assert stop
            try:
                send(signal.SIGTERM)
                steps.append("went on")
            except Exception:
                steps.append("taken for an error")
            finally:
                send(signal.SIGTERM)
        assert stop.exit_code == 143
        assert steps == []
        assert received == [signal.SIGTERM]
        send(signal.SIGTERM)
        assert received == [signal.SIGTERM, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, earlier)


def test_the_first_signal_says_how_it_ended() -> None:
    with on_stop() as stop:
        send(signal.SIGINT)
        send(signal.SIGTERM)
    assert stop.exit_code == 130


def test_a_further_reason_counts_too() -> None:
    with on_stop() as stop:
        reasons = [False, True]
        stop.watch(lambda: reasons.pop(0))
        assert not stop
        assert stop
        stop.watch(lambda: False)
        assert stop.exit_code == 0


def test_a_signal_in_the_middle_of_a_wait_locks_nothing() -> None:
    """With an event of `threading`, whose lock the handler may find taken by its own thread, this hangs."""
    code = """
import signal
from hpo.signals import StopFlag

flags = [StopFlag()]
heard = []
def hear(number, frame):
    flags[-1].set(number)
    heard.append(number)
signal.signal(signal.SIGALRM, hear)
signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
while len(heard) < 500:
    flags.append(StopFlag())
    while not flags[-1].wait(0.0):
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_everybody_who_waits_is_woken() -> None:
    """The threads of a process wait for one flag."""
    stop, answers = StopFlag(), []
    waiting = [threading.Thread(target=lambda: answers.append(stop.wait(300.0))) for _ in range(4)]
    for thread in waiting:
        thread.start()
    stop.set(signal.SIGTERM)
    for thread in waiting:
        thread.join(60.0)
    assert answers == [True] * 4
    assert stop.wait(300.0)


def test_who_asked_first_is_remembered() -> None:
    now = [5.0]
    stop = StopFlag(clock=lambda: now[0])
    assert stop.asked_s_ago == 0.0
    stop.set(signal.SIGINT)
    now[0] = 7.0
    stop.set()
    assert stop.asked_s_ago == 2.0
    assert stop.exit_code == 130
