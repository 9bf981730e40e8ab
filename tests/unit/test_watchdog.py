"""A step that does not come back is noticed; slow ones within the limit, and a long trial of many steps, are not."""

import threading

import pytest

from hpo.trial.watchdog import Watchdog


def test_a_body_without_steps_is_ended() -> None:
    ended = threading.Event()
    limits: list[float] = []

    def end(limit_s: float) -> None:
        limits.append(limit_s)
        ended.set()

    with Watchdog(0.02, end):
        assert ended.wait(30)
    assert limits == [0.02]


@pytest.mark.slow
def test_steps_put_it_off() -> None:
    ended = threading.Event()
    # Looks come every 50 ms here; steps come as fast as they can for several of them.
    with Watchdog(1.0, lambda _: ended.set()) as watchdog:
        pause = threading.Event()
        for _ in range(200):
            watchdog.step()
            pause.wait(0.01)
    assert not ended.is_set()


def test_it_may_watch_again_and_leaves_no_thread() -> None:
    watchdog = Watchdog(60.0, lambda _: None)
    for _ in range(2):
        with watchdog:
            assert any(thread.name == "watchdog" for thread in threading.enumerate())
    assert not any(thread.name == "watchdog" for thread in threading.enumerate())


def test_what_waits_for_a_storage_is_no_step() -> None:
    ended = threading.Event()
    with Watchdog(0.02, lambda _: ended.set()) as watchdog:
        with watchdog.away():
            assert not ended.wait(0.5)
        assert ended.wait(30)
