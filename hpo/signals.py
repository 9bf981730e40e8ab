"""SIGINT and SIGTERM as a polite request: the first sets a flag, a second acts at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from hpo.errors import EXIT_INTERRUPTED, EXIT_TERMINATED


@dataclass
class StopFlag:
    """Set when this process was asked to stop."""

    event: threading.Event = field(default_factory=threading.Event)
    #: The signal that asked, if it was one.
    signal_number: int | None = None
    #: A further reason to stop, asked each time.
    reason: Callable[[], bool] = lambda: False

    def __bool__(self) -> bool:
        return self.event.is_set() or self.reason()

    def watch(self, reason: Callable[[], bool]) -> None:
        """Stop as well when `reason` becomes true."""
        self.reason = reason

    def set(self, signal_number: int | None = None) -> None:
        """Ask for a stop."""
        self.signal_number = signal_number
        self.event.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until asked, at most `timeout_s`; returns whether a stop was asked for."""
        return self.event.wait(timeout_s)

    @property
    def exit_code(self) -> int:
        """0, or the customary code for the signal that asked."""
        if self.signal_number is None:
            return 0
        return EXIT_INTERRUPTED if self.signal_number == signal.SIGINT else EXIT_TERMINATED


@contextmanager
def on_stop() -> Iterator[StopFlag]:
    """Turn the first SIGINT or SIGTERM into a flag; restore the earlier handlers then, so that a second one acts."""
    flag = StopFlag()
    earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in earlier.items():
            signal.signal(number, handler)

    def request(number: int, frame: FrameType | None) -> None:
        flag.set(number)
        restore()

    for number in earlier:
        signal.signal(number, request)
    try:
        yield flag
    finally:
        restore()
