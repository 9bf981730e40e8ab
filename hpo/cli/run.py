"""`hpo run`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.command import WHOLE_JOB, command, option
from hpo.cli.create_study import plan_of
from hpo.cli.data_options import DataOptions
from hpo.cli.durations import parse_duration
from hpo.cli.finalize import print_result
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import (
    AnswerOptions,
    DataFile,
    Device,
    Json,
    Lanes,
    Overwrite,
    SearchOptions,
    SplitOptions,
    StorageOptions,
    Workers,
)
from hpo.study.defaults import TRIALS, name_job


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "run", WHOLE_JOB)(run)


def run(
    data: DataFile,
    search: SearchOptions,
    where: StorageOptions,
    reading: DataOptions,
    labelling: LabelOptions,
    splitting: SplitOptions,
    choice: AnswerOptions,
    study: Annotated[
        str | None, option("--study", help="The study's name; by default that of the file.", metavar="NAME")
    ] = None,
    trials: Annotated[
        int | None,
        option(
            "--trials",
            help=f"The budget: trials to finish; by default up to {TRIALS}, for as long as more are likely to pay.",
            min=1,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        option(
            "--output",
            help="Folder for report and model; by default beside the file, under the study's name.",
            metavar="DIR",
        ),
    ] = None,
    time: Annotated[
        float | None,
        option(
            "--time",
            help="Begin no further trial after so long: seconds, or 5m, 2h, ... Those at work are finished, and the "
            "study is answered from what is there.",
            parser=parse_duration(1),
            metavar="DURATION",
        ),
    ] = None,
    device: Device = "auto",
    workers: Workers = None,
    lanes: Lanes = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """The whole job on this machine: create the study, search, finalize. Run again after a crash, it goes on."""
    from hpo.cli.reading import read_labelled
    from hpo.finalizing.options import FinalizeOptions
    from hpo.whole_job import Job
    from hpo.whole_job import run as do_job

    names = name_job(data, study, output)
    job = Job(
        address=where.address(names.study),
        plan=plan_of(data, names.study, trials, search, splitting, reading),
        trials=trials,
        output=names.output,
        time_s=time,
        chosen=names.chosen,
        device=device,
        workers=workers,
        lanes=lanes,
        answer=FinalizeOptions(device=device, prefer=choice.prefer, ensemble=choice.ensemble, overwrite=overwrite),
    )
    outcome = do_job(job, lambda: read_labelled(data, reading, labelling))
    if outcome.result is None:
        sys.exit(outcome.exit_code)
    print_result(outcome.result, names.output, json)
