"""Ends this process when a training step hangs: nothing inside Python can interrupt a step that does not come back.

The parent (`hpo.workers.fleet`) then gives the trial back with the reason, and starts another process.
"""

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from hpo.errors import EXIT_RENEW

#: Looks in a row without a step after which the limit is over. Looks are counted and no clock is read: a process
#: that was stopped or suspended and comes back must not be taken for one that hangs.
LOOKS = 20

log = logging.getLogger(__name__)


class Watchdog:
    """Watches the body of `with`, which calls `step` again and again.

    Args:
        limit_s: The longest that a step may take.
        end: Called with the limit when one took longer.
    """

    def __init__(self, limit_s: float, end: Callable[[float], None]) -> None:
        self._limit_s = limit_s
        self._end = end
        self._looks = 0
        self._is_away = False

    def step(self) -> None:
        """A step was done."""
        self._looks = 0

    @contextmanager
    def away(self) -> Iterator[None]:
        """Watches nothing during the body of `with`: what waits for a storage there has a limit of its own."""
        self._is_away = True
        try:
            yield
        finally:
            self.step()
            self._is_away = False

    def __enter__(self) -> Self:
        self.step()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._limit_s / LOOKS):
            if self._is_away:
                continue
            self._looks += 1
            if self._looks >= LOOKS:
                self._end(self._limit_s)
                return


def end_process(limit_s: float) -> None:
    """Ends this process because a training step hangs; its parent starts another."""
    log.error("no training step was done within %g s (--step-timeout); this process ends", limit_s)
    if os.environ.get("HPO_DEBUG"):
        faulthandler.dump_traceback(file=sys.stderr)
    # Not sys.exit: the thread that hangs would never see it.
    os._exit(EXIT_RENEW)
