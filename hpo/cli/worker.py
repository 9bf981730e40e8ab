"""`hpo worker`."""

import sys
from typing import Annotated

import typer

from hpo.choices import LogFormat
from hpo.cli.command import STEP_BY_STEP, command, option
from hpo.cli.durations import parse_duration
from hpo.cli.options import Device, Lanes, StorageOptions, Study, Workers


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "worker", STEP_BY_STEP)(worker)


def worker(
    where: StorageOptions,
    study: Study = None,
    device: Device = "auto",
    workers: Workers = None,
    lanes: Lanes = None,
    timeout: Annotated[
        float | None,
        option(
            "--timeout",
            "--time",
            help="Begin no further trial, or fold where these are taken, after so long: seconds, or 5m, 2h, ...",
            parser=parse_duration(0),
            metavar="DURATION",
        ),
    ] = None,
    step_timeout: Annotated[
        float,
        option(
            "--step-timeout",
            help="After how long one training step is taken to hang: seconds, or 5m, 2h, ...",
            parser=parse_duration(0.001),
            metavar="DURATION",
        ),
    ] = 600.0,
    log_format: Annotated[
        LogFormat,
        option("--log-format", help="Of the log on stderr: lines to read, or one JSON object per line."),
    ] = "text",
) -> None:
    """Pull trials until the budget is spent. Start as many as you like, on as many machines as you like.

    SIGTERM or Ctrl-C lets the current epoch end (at most four seconds) and puts the trial back; its finished folds and
    a checkpoint of the one at work are kept, and any worker goes on from there. A second signal acts at once.
    """
    from hpo.workers.assignment import Limits
    from hpo.workers.devices import slots_here
    from hpo.workers.log import begin_log
    from hpo.workers.parent import run_worker

    begin_log(log_format, **({} if study is None else {"study": study}))
    limits = Limits(timeout_s=timeout, step_timeout_s=step_timeout, lanes=lanes)
    sys.exit(run_worker(where.address(study), slots_here(device, workers), limits, log_format))
