"""The wall clock of a search: when its time is over, the search ends as `hpo.study.end_search` says."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hpo.study.end_search import end_search
from hpo.study.opened import OpenedStudy
from hpo.study.status import Status
from hpo.terminal import duration, say


@dataclass(kw_only=True)
class TimeLimit:
    """Ends a search after some time, once a trial is complete: a study without one has no answer.

    Args:
        seconds: From now on; None for no limit.
        clock: Seconds, monotonic.
    """

    seconds: float | None
    clock: Callable[[], float] = time.monotonic
    _told: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def look(self, opened: OpenedStudy, status: Status) -> None:
        """Looks at the clock; call it often.

        Args:
            opened: The study.
            status: How it stands.
        """
        if self.seconds is None or status.state == "done" or self.clock() - self._began < self.seconds:
            return
        if status.complete:
            end_search(opened, "time")
        self._tell(status)

    def _tell(self, status: Status) -> None:
        if not self._told and self.seconds is not None:
            self._told = True
            rest = "trials at work are finished" if status.complete else "the search ends with its first complete trial"
            say(f"The time is over ({duration(self.seconds)}): {rest}.")
