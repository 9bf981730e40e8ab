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
    from hpo.finalize import FinalizeOptions
    from hpo.finalize import finalize as answer
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
    if json:
        print_json(result)
        return
    cv, test, chosen = result["cv"], result["test"], result["best_trial"]
    best = chosen["preferred_to"]
    why = "" if best is None else f", the simplest of those that cannot be told from the best, trial {best}"
    print(f"Chosen trial: {chosen['number']}{why}")
    print(f"  {'CV accuracy':<26} {cv['mean']:.4f}, mean of {len(cv['fold_accuracies'])} folds")
    print(f"  {'CV accuracy, corrected':<26} {cv['corrected_mean']:.4f}, for the choice of the best of many")
    if test is None:
        print("  The test set was not opened.")
    else:
        (low, high), genes = test["interval95"], test["n"]
        print(f"  {'test accuracy':<26} {test['accuracy']:.4f} (95 % interval {low:.4f} to {high:.4f}, {genes} genes)")
    for name, baseline in result["baselines"].items():
        if baseline["cv"] is None:  # trial 0 did not finish or was left out; the report says so
            continue
        against = "" if baseline.get("test") is None else f", test {baseline['test']:.4f}"
        where = "CV" if baseline.get("folds") != 1 else "CV, first fold only,"
        print(f"  {name.replace('_', ' '):<26} {where} {baseline['cv']:.4f}{against}")
    print(f"Report: {output / 'report.html'}")
    print(f"Model:  {output / 'model'}")
