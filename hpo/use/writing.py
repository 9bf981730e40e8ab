"""Predictions as CSV."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from hpo.errors import HpoError
from hpo.printable import printable
from hpo.use.formulas import as_text
from hpo.use.predict import Prediction
from hpo.use.table import write_rows

_NAMES = ("id", "probability_resistant", "resistant", "answer", "outside_training")


def write_csv(predictions: Iterable[Prediction], path: Path | None) -> None:
    """Writes predictions to a file, or to stdout; no id is a formula to a spreadsheet, or a command to a terminal."""
    if path is None:
        _write(predictions, sys.stdout, printable if sys.stdout.isatty() else str)
        return
    try:
        with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            _write(predictions, file)
    except OSError as error:
        raise HpoError(f"{path} cannot be written: {error.strerror}.", "Choose another --output.") from error


def _write(predictions: Iterable[Prediction], file: TextIO, shown: Callable[[str], str] = str) -> None:
    rows = (
        (
            shown(as_text(row.id)),
            f"{row.probability_resistant:.6f}",
            int(row.resistant),
            shown(as_text(row.answer)),
            "; ".join(row.outside_training or ()),
        )
        for row in predictions
    )
    write_rows(file, _NAMES, rows)
