"""Stopping: the first signal sets a flag, and a second acts as if nobody had listened."""

import os
import signal

from hpo.signals import on_stop


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def test_the_first_signal_sets_the_flag_and_restores_the_handlers() -> None:
    received: list[int] = []
    earlier = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with on_stop() as stop:
            assert not stop
            send(signal.SIGTERM)
            assert stop
            assert stop.exit_code == 143
            assert received == []
            send(signal.SIGTERM)
            assert received == [signal.SIGTERM]
        send(signal.SIGTERM)
        assert received == [signal.SIGTERM, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, earlier)


def test_ctrl_c_has_its_own_exit_code() -> None:
    with on_stop() as stop:
        send(signal.SIGINT)
        assert stop.exit_code == 130


def test_a_further_reason_counts_too() -> None:
    with on_stop() as stop:
        reasons = [False, True]
        stop.watch(lambda: reasons.pop(0))
        assert not stop
        assert stop
        stop.watch(lambda: False)
        assert stop.exit_code == 0
