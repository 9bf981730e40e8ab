"""`hpo run`."""

import sys

import typer

from hpo.cli.command import WHOLE_JOB, command
from hpo.cli.create_study import plan_of
from hpo.cli.data_options import DataOptions
from hpo.cli.finalize import print_result
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import (
    AnswerOptions,
    DataFile,
    Device,
    Json,
    Lanes,
    Output,
    Overwrite,
    SearchOptions,
    SplitOptions,
    StorageOptions,
    Workers,
)


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "run", WHOLE_JOB)(run)


def run(
    data: DataFile,
    search: SearchOptions,
    output: Output,
    where: StorageOptions,
    reading: DataOptions,
    labelling: LabelOptions,
    splitting: SplitOptions,
    choice: AnswerOptions,
    device: Device = "auto",
    workers: Workers = None,
    lanes: Lanes = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """The whole job on this machine: create the study, search, finalize. Run again after a crash, it goes on."""
    from hpo.cli.reading import read_labelled
    from hpo.finalizing import FinalizeOptions
    from hpo.whole_job import Job
    from hpo.whole_job import run as do_job

    job = Job(
        address=where.address(search.study),
        plan=plan_of(data, search, splitting, reading),
        output=output,
        device=device,
        workers=workers,
        lanes=lanes,
        answer=FinalizeOptions(device=device, prefer=choice.prefer, ensemble=choice.ensemble, overwrite=overwrite),
    )
    outcome = do_job(job, lambda: read_labelled(data, reading, labelling))
    if outcome.result is None:
        sys.exit(outcome.exit_code)
    print_result(outcome.result, output, json)
