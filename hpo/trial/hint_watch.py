"""Which announcements of folds at work are fresh: as with leases, only a watcher's own clock tells."""

import time
from collections.abc import Callable

from hpo.study.hints import Hint


class HintWatch:
    """Remembers what was announced, and since when it stands so.

    Args:
        timeout_s: Who has not renewed an announcement for so long, under our eyes, is taken to be gone.
        clock: Seconds, monotonic.
    """

    def __init__(self, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_s, self._clock = timeout_s, clock
        self._seen: dict[tuple[int, int], tuple[Hint, float]] = {}

    def is_fresh(self, trial: int, fold: int, hint: Hint) -> bool:
        """Says whether somebody is at the fold.

        Args:
            trial: Its number.
            fold: From 0.
            hint: As it stands in the trial now.
        """
        now = self._clock()
        before = self._seen.get((trial, fold))
        if before is None or before[0] != hint:
            self._seen[trial, fold] = (hint, now)
            return True
        return now - before[1] < self._timeout_s
