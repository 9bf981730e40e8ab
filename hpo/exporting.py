"""Trials, folds and curves of a study as tables, for whoever draws or counts them elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from optuna.trial import FrozenTrial

from hpo.choices import ExportFormat, Objective
from hpo.errors import HpoError
from hpo.objectives import measured
from hpo.study.attributes import EPOCHS, configuration, finished_folds, fold_accuracies
from hpo.study.objective import cv_figures, fold_scores
from hpo.study.opened import OpenedStudy
from hpo.study.status import trials_in_budget
from hpo.terminal import say
from hpo.trial.common_epoch import scored
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from hpo.trial.fold_results import FoldLostError, read_fold
from storage.trials.lease import REASON

Row = dict[str, Any]


def export(opened: OpenedStudy, output: Path, form: ExportFormat, *, overwrite: bool) -> dict[str, int]:
    """Writes three tables: trials, their finished folds, and the folds' curves by epoch.

    Args:
        opened: The study.
        output: Folder, which is made.
        form: Of the tables.
        overwrite: Whether tables that are there may be replaced.

    Returns:
        Rows by the name of the file.

    Raises:
        HpoError: The folder cannot be written, or has such tables already.
        StorageError: The artifacts cannot be read at all.
    """
    paths = {name: output / f"{name}.{form}" for name in ("trials", "folds", "curves")}
    taken = [path for path in paths.values() if path.exists()]
    if taken and not overwrite:
        raise HpoError(f"{taken[0]} is there already.", "Choose another --output, or replace it: --overwrite")
    trials = trials_in_budget(opened, opened.budget)
    development = load_development_rows(opened.contract, opened.artifacts)
    folds, curves = _folds(opened, trials, development)
    tables: Mapping[str, Sequence[Row]] = {
        "trials": [_trial(trial, opened.contract.search.objective) for trial in trials],
        "folds": folds,
        "curves": curves,
    }
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            _write(rows, paths[name], form)
    except OSError as error:
        raise HpoError(f"{output} cannot be written: {error.strerror}.", "Choose another --output.") from error
    return {paths[name].name: len(rows) for name, rows in tables.items()}


def _trial(trial: FrozenTrial, objective: Objective) -> Row:
    return {
        "trial": trial.number,
        "state": trial.state.name,
        **cv_figures(trial, objective),
        "epochs": trial.user_attrs.get(EPOCHS),
        "begun": None if trial.datetime_start is None else trial.datetime_start.isoformat(timespec="seconds"),
        "ended": None if trial.datetime_complete is None else trial.datetime_complete.isoformat(timespec="seconds"),
        "reason": trial.user_attrs.get(REASON),
        **(configuration(trial.user_attrs) or trial.params),
    }


def _folds(
    opened: OpenedStudy, trials: Sequence[FrozenTrial], development: DevelopmentRows
) -> tuple[list[Row], list[Row]]:
    """Reads folds and their curves; a fold whose result is damaged or gone has no curve, which is told."""
    folds: list[Row] = []
    curves: list[Row] = []
    objective = opened.contract.search.objective
    for trial in trials:
        accuracies, scores = fold_accuracies(trial.user_attrs), fold_scores(trial.user_attrs, objective)
        for record in finished_folds(trial.user_attrs, opened.contract.splitting.folds):
            accuracy = accuracies[record.fold] if record.fold < len(accuracies) else None
            where: Row = {"trial": trial.number, "fold": record.fold}
            told = {"accuracy": accuracy}
            if objective != "accuracy":
                score = scores[record.fold] if record.fold < len(scores) else None
                told[objective] = None if score is None else measured(objective, score)
            folds.append({**where, **told, "epochs": record.epochs, "seconds": record.seconds})
            try:
                result = read_fold(opened.artifacts, record, development.validated(record.fold))
            except FoldLostError as error:
                say(f"Trial {trial.number}, fold {record.fold} has no curve: {error.message}")
                continue
            by_epoch = dict(vars(result.curves))
            if objective not in ("accuracy", "log_loss"):  # these are among the curves
                by_epoch[f"validation_{objective}"] = scored(
                    result, development.labels_of_fold(record.fold), objective
                ).scores
            curves += ({**where, **point} for point in _points(by_epoch))
    return folds, curves


def _points(curves: Mapping[str, Sequence[float]]) -> Iterator[Row]:
    for epoch, values in enumerate(zip(*curves.values(), strict=True), start=1):
        yield {"epoch": epoch, **dict(zip(curves, values, strict=True))}


def _write(rows: Sequence[Row], path: Path, form: ExportFormat) -> None:
    if form == "json":
        path.write_text(json.dumps(rows, indent=1, default=str) + "\n", encoding="utf-8")
        return
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: _column([row.get(name) for row in rows]) for name in names})
    if form == "parquet":
        pa.parquet.write_table(table, path)
    else:
        pa.csv.write_csv(table, path)


def _column(values: Sequence[Any]) -> pa.Array:
    """A column of one type: numbers where all are, else text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
