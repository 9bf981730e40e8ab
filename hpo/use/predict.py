"""Predictions of a saved model, row by row, and what is to be known about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.choices import PredictWith
from hpo.use.fitting import check_fits, outside_in_words
from hpo.use.predictor import NETWORK, baseline_of, predictor_in_words
from model.genes import Genes
from model.origin import Answers
from model.prediction import predict as probabilities_of
from model.saving.loading import SavedModel, load_model
from model.seen import judge


@dataclass(frozen=True)
class Prediction:
    """One gene's prediction."""

    id: str
    probability_resistant: float
    resistant: bool
    #: The same as the labels of the training data were written: R or S, 1 or 0.
    answer: str = ""
    #: In which ways the gene is outside of what the model has seen; None where the model does not know.
    outside_training: Sequence[str] | None = ()


@dataclass(frozen=True)
class Predicted:
    """All predictions, in the order of the rows."""

    rows: list[Prediction]
    #: What made them: "network", or a baseline's name.
    predictor: str
    #: Genes outside of what the model has seen; None where the model does not know.
    outside: int | None
    #: What is to be told beside them, a sentence a line.
    told: list[str]


def predict(
    folder: Path, read: Callable[[SavedModel], Genes], device: str, chosen: PredictWith = "network"
) -> Predicted:
    """Loads a model and predicts, with the stock engine whatever there is.

    The first row comes at once, where the native layer may have to be built first, and the digits that are printed do
    not depend on whether a machine has a compiler. The native layer took 0.6 of the time over 300 proteins of 150 to
    250 letters, in one thread; the probabilities differed by less than 3e-7, which changed the sixth digit of 5 in 100.

    Args:
        folder: That `finalize` wrote.
        read: Reads the genes, given the model, in its alphabet and by its rules.
        device: As PyTorch names it, or "auto".
        chosen: What predicts: the networks, or the regression beside them.

    Raises:
        UsageError: There is no such regression beside the networks.
        SavedModelError: The folder holds no sound model.
        DataError: The genes cannot be read.
        HpoError: They are no relatives of those that the model was trained on.
        PredictionError: The model has no answer for one of them.
    """
    model = load_model(folder)
    baseline = baseline_of(model, chosen)
    genes, encoding, origin = read(model), model.config.encoding, model.origin
    judged = None if origin.seen is None else judge(origin.seen, genes, model.encoder, encoding)
    if judged is not None:
        check_fits(judged, genes)
    if baseline is None:
        values = probabilities_of(model.networks, model.encoder.encode(genes, encoding), device).astype(np.float64)
    else:
        values = baseline.probabilities(genes, model.encoder.genetic_code, model.encoder.gaps)
    answers = origin.answers or Answers()
    rows = [
        Prediction(
            name,
            round(float(value), 6),
            bool(value > 0.5),
            answers.of(bool(value > 0.5)),
            None if judged is None else judged.reasons[row],
        )
        for row, (name, value) in enumerate(zip(genes.ids, values, strict=True))
    ]
    told = [*predictor_in_words(model, chosen, baseline), *outside_in_words(judged, len(rows))]
    return Predicted(
        rows, NETWORK if baseline is None else baseline.name, None if judged is None else judged.outside, told
    )
