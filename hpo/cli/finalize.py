"""`hpo finalize`, and the answer in a few lines: `hpo run` ends with the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hpo.cli.command import STEP_BY_STEP, command
from hpo.cli.options import AnswerOptions, Device, Json, Output, Overwrite, StorageOptions, Study
from hpo.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "finalize", STEP_BY_STEP)(finalize)


def finalize(
    output: Output,
    where: StorageOptions,
    choice: AnswerOptions,
    study: Study = None,
    device: Device = "auto",
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Report without opening the test set.", envvar="HPO_NO_TEST")
    ] = False,
    early: Annotated[
        bool, typer.Option("--early", help="Answer from the trials finished so far.", envvar="HPO_EARLY")
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Answer anew what has been answered with these options; openings are counted."),
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Retrain the best trial, open the test set, write report and model. Run again, it writes the same report again."""
    from hpo.finalizing.finalize import finalize as answer
    from hpo.finalizing.options import FinalizeOptions
    from hpo.study.opened import open_study

    opened = open_study(where.address(study))
    options = FinalizeOptions(
        device=device,
        with_test=not no_test,
        early=early,
        prefer=choice.prefer,
        ensemble=choice.ensemble,
        overwrite=overwrite,
        again=again,
    )
    print_result(answer(opened, output, options), output, json)


def print_result(result: Mapping[str, Any], output: Path, json: bool) -> None:
    """Prints the answer in a few lines, or as JSON."""
    from hpo.cli.result_text import result_text

    if json:
        print_json(result)
        return
    print(result_text(result, output))
