"""The parent of worker processes: one child per slot does the work, and this process sees to them. It trains nothing.

`fleet` starts the children and starts again those that die; here is the loop that both commands use.

A single slot has a parent too: a trial may take its process with it, and the worker lives on.
"""

import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hpo.choices import LogFormat
from hpo.signals import StopFlag, on_stop
from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from hpo.study.status import read_status
from hpo.terminal import say
from hpo.workers.assignment import Limits
from hpo.workers.devices import Slot
from hpo.workers.fleet import Fleet
from hpo.workers.take_back import TakeBack
from storage.errors import StorageError

#: Seconds between looks at the children.
POLL_S = 0.5


def run_worker(address: StudyAddress, slots: Sequence[Slot], limits: Limits, log_format: LogFormat = "text") -> int:
    """Does what `hpo worker` is for: works on a study until its budget is spent.

    Args:
        address: Of the study.
        slots: Where children sit.
        limits: Of each child.
        log_format: Of the children's log.

    Returns:
        0 if all ended well, 1 if a child did not, or the code of the signal that asked for an end.
    """
    code = 0
    with on_stop() as stop:
        opened = open_study(address)
        code = int(any(run_children(opened, slots, stop, limits, log_format=log_format)))
        if code == 0 and not stop:
            _say_what_is_next(opened)
    return stop.exit_code or code


def run_children(
    opened: OpenedStudy,
    slots: Sequence[Slot],
    stop: StopFlag,
    limits: Limits | None = None,
    log_file: Path | None = None,
    log_format: LogFormat = "text",
    on_look: Callable[[], None] = lambda: None,
    poll_s: float = POLL_S,
) -> Sequence[int]:
    """Works in one child per slot until all have ended, the budget spent, or a stop is asked for.

    Args:
        opened: The study.
        slots: Where the children sit.
        stop: Asked before each look.
        limits: Of each child.
        log_file: Where the children's log goes; None for this process's stderr.
        log_format: Of its lines.
        on_look: Called at each look.
        poll_s: Seconds between looks.

    Returns:
        The children's exit codes.

    Raises:
        ContractError: This machine cannot keep the study's contract.
    """
    # Here first: what differs is said once, not by every child.
    opened.contract.check_versions()
    take_back = TakeBack(opened)
    fleet = Fleet(
        slots=slots,
        address=opened.address,
        take_back=take_back,
        stop=stop,
        limits=limits or Limits(),
        log_file=log_file,
        log_format=log_format,
    )
    with fleet:
        while fleet.alive and not stop.wait(poll_s):
            fleet.poll()
            take_back.look()
            on_look()
    return fleet.exit_codes


def _say_what_is_next(opened: OpenedStudy) -> None:
    # Courtesy: a storage that is away just now is not waited for.
    with suppress(StorageError, KeyError):
        opened = opened.in_a_hurry()
        status, name = read_status(opened), shlex.quote(opened.handle.name)
        if status.answered is not None:
            say("All trials are finished, and the study is answered.")
        elif status.state == "done":
            say(f"All trials are finished. Next: hpo finalize --study {name} --output report")
