"""Predictions of a saved model, row by row."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from hpo.errors import HpoError
from hpo.printable import printable
from hpo.use.formulas import as_text
from hpo.use.table import write_rows
from model.genes import Genes
from model.prediction import predict as probabilities_of
from model.saving import SavedModel, load_model


@dataclass(frozen=True)
class Prediction:
    """One gene's prediction."""

    id: str
    probability_resistant: float
    resistant: bool


def predict(folder: Path, read: Callable[[SavedModel], Genes], device: str) -> list[Prediction]:
    """Loads a model and predicts, with the stock engine whatever there is.

    The first row comes at once, where the native layer may have to be built first, and the digits that are printed do
    not depend on whether a machine has a compiler. The native layer took 0.6 of the time over 300 proteins of 150 to
    250 letters, in one thread; the probabilities differed by less than 3e-7, which changed the sixth digit of 5 in 100.

    Args:
        folder: That `finalize` wrote.
        read: Reads the genes, given the model, in its alphabet and by its rules.
        device: As PyTorch names it, or "auto".

    Raises:
        SavedModelError: The folder holds no sound model.
        DataError: The genes cannot be read.
        PredictionError: The model has no answer for one of them.
    """
    model = load_model(folder)
    genes = read(model)
    encoded = model.encoder.encode(genes, model.config.encoding)
    values = probabilities_of(model.networks, encoded, device)
    return [
        Prediction(name, round(float(value), 6), bool(value > 0.5))
        for name, value in zip(genes.ids, values, strict=True)
    ]


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
    rows = ((shown(as_text(row.id)), f"{row.probability_resistant:.6f}", int(row.resistant)) for row in predictions)
    write_rows(file, ["id", "probability_resistant", "resistant"], rows)
