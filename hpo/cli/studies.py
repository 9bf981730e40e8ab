"""`hpo studies`, `report`, `export` and `compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.choices import ExportFormat
from hpo.cli.command import LOOK_AFTER, command, option
from hpo.cli.options import Json, Output, Overwrite, StorageOptions, Study
from hpo.cli.output import print_json
from hpo.objectives import NAMES

if TYPE_CHECKING:
    from hpo.study.listing import ListedStudy


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "studies", LOOK_AFTER)(studies)
    command(app, "report", LOOK_AFTER)(report)
    command(app, "export", LOOK_AFTER)(export)
    command(app, "compare", LOOK_AFTER)(compare)


def studies(where: StorageOptions, json: Json = False) -> None:
    """All studies of a storage: state, trials, best of cross-validation, genes, when each was made."""
    from hpo.study.listing import list_studies
    from hpo.terminal import say, show

    listed = list_studies(where.address())
    if json:
        print_json({"studies": [study.as_dict() for study in listed]})
    elif listed:
        show(_table(listed))
    else:
        say("This storage holds no study. Make one with: hpo create-study.")


def report(
    output: Output,
    where: StorageOptions,
    study: Study = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write the report of an answered study again, from what is stored; nothing is trained or opened."""
    from hpo.cli.finalize import print_result
    from hpo.finalizing.given_answer import report_again
    from hpo.study.opened import open_study

    print_result(report_again(open_study(where.address(study)), output, overwrite=overwrite), output, json)


def export(
    output: Annotated[Path, option("--output", help="Folder for the tables.", metavar="DIR")],
    where: StorageOptions,
    study: Study = None,
    form: Annotated[ExportFormat, option("--format", help="Of the tables.")] = "csv",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tables that are there.")] = False,
    json: Json = False,
) -> None:
    """Trials, folds and curves as tables: trials, folds and curves by epoch, a file each."""
    from hpo.exporting import export as write_tables
    from hpo.study.opened import open_study
    from hpo.terminal import say, step

    opened = open_study(where.address(study))
    with step(f"Exporting {opened.handle.name}"):
        written = write_tables(opened, output, form, overwrite=overwrite)
    if json:
        print_json({"rows": written})
    else:
        for name, rows in written.items():
            say(f"{output / name}: {rows} rows.")


def compare(
    first: Annotated[str, typer.Argument(metavar="STUDY", help="A study.")],
    second: Annotated[str, typer.Argument(metavar="STUDY", help="Another one, of the same data and split.")],
    where: StorageOptions,
    json: Json = False,
) -> None:
    """Two studies of the same data, their best trials row by row."""
    from hpo.comparing import compare as compare_studies
    from hpo.study.opened import open_study
    from hpo.terminal import show

    found = compare_studies(open_study(where.address(first)), open_study(where.address(second)))
    if json:
        print_json(found.as_dict())
        return
    for one in (found.first, found.second):
        show(
            f"{one.study}: {one.best_in_words()} (trial {one.trial}), {one.trials} trials, "
            f"{one.folds_trained} folds trained"
        )
    show(found.in_words())


def _table(listed: "list[ListedStudy]") -> str:
    rows = [("study", "state", "trials", "best CV", "genes", "made"), *map(_row, listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *(f"{one.study}: {one.reason}" for one in listed if one.reason)])


def _row(one: "ListedStudy") -> tuple[str, ...]:
    if one.reason:
        return (one.study, one.state, "", "", "", "")
    at_work = f" ({one.running} at work)" if one.running else ""
    name = "" if one.objective == "accuracy" else f" {NAMES[one.objective]}"
    best = "" if one.best_cv_score is None else f"{one.best_cv_score:.4f}{name}"
    made = "" if one.made is None else one.made[:16].replace("T", " ")
    return (one.study, one.state, f"{one.finished}/{one.budget}{at_work}", best, str(one.genes), made)
