"""Errors of the service, and the exit codes of the command line."""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
#: A worker process that cannot go on by itself asks its parent for a fresh one (`EX_TEMPFAIL` of sysexits.h).
EXIT_RENEW = 75


class HpoError(Exception):
    """Root of every error that `hpo` raises on purpose.

    Args:
        message: What failed, on which study, trial or fold, what was got and what is allowed.
        next_step: What the user can do about it; may be empty.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class UsageError(HpoError):
    """The command was called with options that do not go together."""

    exit_code = EXIT_USAGE


class SpaceError(HpoError):
    """The search space file is not one we can search."""

    exit_code = EXIT_USAGE


class ContractError(HpoError):
    """This worker, or this command, cannot keep the study's contract."""


class NotFinishedError(HpoError):
    """The study has no answer yet."""


class DeviceLostError(HpoError):
    """The device computes nothing any more in this process; its parent starts another."""

    exit_code = EXIT_RENEW


class DeviceFullError(HpoError):
    """The device's memory ran out while other trials held some of it: no configuration can be blamed for it."""


class Parked(Exception):  # noqa: N818 - a decision, not an error
    """The trial is to wait, for others are worth more; raised after a fold or an epoch, caught by the worker."""


class StopRequested(Exception):  # noqa: N818 - a request, not an error
    """The worker was asked to stop; raised between batches, caught by the worker."""
