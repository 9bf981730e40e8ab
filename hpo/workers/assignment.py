"""What a parent gives its child: a study, a device, a name and limits; and how it travels to the other process.

Device and limits are arguments, for whoever looks at `ps`. The rest is environment: a storage's URL may hold a
password, and arguments are seen by every user of the machine.
"""

import argparse
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from hpo.choices import LogFormat
from hpo.errors import UsageError
from hpo.study.address import StudyAddress

_PARENT = "HPO_PARENT_PID"
_NAME = "HPO_WORKER_NAME"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds a worker."""

    #: Claim no further trial after this time; None for no limit.
    timeout_s: float | None = None
    #: The longest that one training step may take.
    step_timeout_s: float = 600.0
    #: Trials at once; None for as many as help.
    lanes: int | None = None

    @property
    def arguments(self) -> list[str]:
        """As arguments of the child."""
        timeout = [] if self.timeout_s is None else ["--timeout", str(self.timeout_s)]
        lanes = [] if self.lanes is None else ["--lanes", str(self.lanes)]
        return [*timeout, "--step-timeout", str(self.step_timeout_s), *lanes]

    def after(self, seconds: float) -> "Limits":
        """Returns what is left for a worker that takes another's place after that time."""
        return self if self.timeout_s is None else replace(self, timeout_s=max(0.0, self.timeout_s - seconds))


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What one child is there for."""

    address: StudyAddress
    #: As its leases will say.
    worker: str
    #: As PyTorch names it, inside the child.
    device: str
    #: The process that started it.
    parent_pid: int
    limits: Limits = field(default_factory=Limits)
    #: Of the child's log.
    log_format: LogFormat = "text"

    @property
    def arguments(self) -> list[str]:
        """For the command line of the child."""
        return ["--device", self.device, "--log-format", self.log_format, *self.limits.arguments]

    @property
    def environment(self) -> dict[str, str]:
        """For the environment of the child."""
        return self.address.environment | {_NAME: self.worker, _PARENT: str(self.parent_pid)}


def read_assignment(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Assignment:
    """Reads what this process was started with.

    Raises:
        UsageError: No parent started it.
    """
    parser = argparse.ArgumentParser(prog="python -m hpo.workers", description="A child of `hpo worker`.")
    parser.add_argument("--device", required=True)
    parser.add_argument("--log-format", choices=get_args(LogFormat), default="text")
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--step-timeout", type=float, required=True)
    parser.add_argument("--lanes", type=int)
    told = parser.parse_args(arguments)
    try:
        return Assignment(
            address=StudyAddress.from_environment(environment),
            worker=environment[_NAME],
            device=told.device,
            parent_pid=int(environment[_PARENT]),
            log_format=told.log_format,
            limits=Limits(timeout_s=told.timeout, step_timeout_s=told.step_timeout, lanes=told.lanes),
        )
    except (KeyError, ValueError) as error:
        raise UsageError("This process works for a parent that starts it.", "Start workers with: hpo worker") from error


def new_name() -> str:
    """Returns a name for a worker that no other has, now or later."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
