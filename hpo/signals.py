"""SIGINT and SIGTERM as a polite request: the first sets a flag, a second ends the work wherever it is."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType

from hpo.errors import EXIT_INTERRUPTED, EXIT_TERMINATED


class StopNow(BaseException):
    """A second signal: raised wherever the main thread is, caught by `on_stop`.

    No Exception: whoever handles errors must not take it for one.
    """


@dataclass
class StopFlag:
    """Set when this process was asked to stop; any number of threads may ask it and wait for it."""

    #: The signal that asked, if it was one.
    signal_number: int | None = None
    #: A further reason to stop, asked each time.
    reason: Callable[[], bool] = lambda: False
    #: Seconds, monotonic.
    clock: Callable[[], float] = time.monotonic
    is_set: bool = False
    _asked_at: float | None = None
    # No threading.Event: a handler that sets it in the middle of its own thread's `wait` may find its lock taken, and
    # wait for ever. This queue may be put to from a handler.
    _wake: SimpleQueue[None] = field(default_factory=SimpleQueue)

    def __bool__(self) -> bool:
        if not self.is_set and self.reason():
            self.set()
        return self.is_set

    @property
    def asked_s_ago(self) -> float:
        """Seconds since a stop was asked for, 0 where it was not."""
        return 0.0 if self._asked_at is None else self.clock() - self._asked_at

    def watch(self, reason: Callable[[], bool]) -> None:
        """Stops as well when `reason` becomes true."""
        self.reason = reason

    def set(self, signal_number: int | None = None) -> None:
        """Asks for a stop; who asked first is remembered."""
        if not self.is_set:
            self.signal_number, self._asked_at = signal_number, self.clock()
            self.is_set = True
        self._wake.put(None)

    def wait(self, timeout_s: float) -> bool:
        """Waits until asked, at most `timeout_s`; returns whether a stop was asked for."""
        if not self.is_set:
            with suppress(Empty):
                self._wake.get(timeout=timeout_s)
                self._wake.put(None)  # for the next who waits
        return self.is_set

    @property
    def exit_code(self) -> int:
        """0, or the customary code for the signal that asked."""
        if self.signal_number is None:
            return 0
        return EXIT_INTERRUPTED if self.signal_number == signal.SIGINT else EXIT_TERMINATED


@contextmanager
def on_stop() -> Iterator[StopFlag]:
    """Turns the first SIGINT or SIGTERM into a flag, and a second into StopNow, which ends the body of `with`.

    The earlier handlers are back after the body, and after a second signal: a third acts as if nobody had listened.
    """
    flag = StopFlag()
    earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in earlier.items():
            signal.signal(number, handler)

    def request(number: int, frame: FrameType | None) -> None:
        if not flag.is_set:
            flag.set(number)
            return
        restore()
        raise StopNow

    with suppress(StopNow):
        try:
            for number in earlier:
                signal.signal(number, request)
            yield flag
        finally:
            restore()
