"""How fast a fold trains, for whoever watches."""

from collections.abc import Callable


class Rate:
    """Rows a second, epoch by epoch.

    Args:
        rows: Of one epoch.
        clock: Seconds, monotonic.
    """

    def __init__(self, rows: int, clock: Callable[[], float]) -> None:
        self._rows, self._clock = rows, clock
        self._last = clock()

    def of_another_epoch(self) -> float | None:
        """Returns the rate since the epoch before; None where the clock has not moved."""
        now = self._clock()
        seconds, self._last = now - self._last, now
        return self._rows / seconds if seconds > 0 else None
