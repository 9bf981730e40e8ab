"""A finished model as a scikit-learn classifier of sequences."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from hpo.errors import UsageError
from hpo.use.fitting import check_fits
from model.cleaning import clean
from model.errors import DataError
from model.genes import Genes
from model.prediction import predict as probabilities_of
from model.saving.loading import SavedModel
from model.saving.loading import load_model as read_model
from model.seen import judge


class GeneClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Predicts resistance of genes given as strings, as `hpo predict` does.

    It was trained by the search: it has no hyperparameters to tune, and `fit` refuses. In a pipeline or beside
    calibration, wrap it in `sklearn.frozen.FrozenEstimator`.

    Args:
        folder: The folder `model` that `finalize` wrote.
        device: As PyTorch names it, or "auto".
    """

    def __init__(self, folder: str | Path, device: str = "cpu") -> None:
        self.folder = folder
        self.device = device

    @property
    def classes_(self) -> NDArray[np.bool_]:
        """False, susceptible, and True, resistant: the columns of `predict_proba`."""
        return np.array([False, True])

    def fit(self, X: object, y: object = None) -> "GeneClassifier":  # noqa: N803 - scikit-learn's word
        """Refuses.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "A finished model is not fitted again.",
            "Make a study of the new data: hpo.run or hpo.create_study. To use the model as it is where others are "
            "fitted, wrap it: sklearn.frozen.FrozenEstimator.",
        )

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's word
        """Computes probabilities.

        Args:
            X: [N] sequences, in the alphabet that the model reads.

        Returns:
            [N, 2] probabilities of susceptible and of resistant.

        Raises:
            DataError: A sequence cannot be read by the model's rules; says which and why.
            HpoError: They are no relatives of those that the model was trained on.
            SavedModelError: The folder holds no sound model.
        """
        model = self._model()
        genes = _genes(X, model)
        if model.origin.seen is not None:
            check_fits(judge(model.origin.seen, genes, model.encoder, model.config.encoding), genes)
        encoded = model.encoder.encode(genes, model.config.encoding)
        resistant = np.asarray(probabilities_of(model.networks, encoded, self.device), dtype=np.float64)
        return np.stack([1.0 - resistant, resistant], axis=1)

    def predict(self, X: Sequence[str]) -> NDArray[np.bool_]:  # noqa: N803 - scikit-learn's word
        """Says for each of the [N] sequences whether it is resistant; errors as `predict_proba`."""
        return np.asarray(self.predict_proba(X)[:, 1] > 0.5)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether the model is there."""
        return Path(self.folder).is_dir()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array, tags.input_tags.two_d_array = True, False
        tags.no_validation = True
        return tags

    def _model(self) -> SavedModel:
        # Read once; no attribute of scikit-learn's, so that clones and copies read their own.
        key = (str(self.folder),)
        if getattr(self, "_read", (None, None))[0] != key:
            self._read = (key, read_model(Path(self.folder)))
        found: SavedModel = self._read[1]
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_read"}


def load_model(folder: str | Path, device: str = "cpu") -> GeneClassifier:
    """Opens a model for sequences in memory.

    Args:
        folder: The folder `model` that `finalize` wrote.
        device: As PyTorch names it, or "auto".

    Raises:
        SavedModelError: It is not a model folder, incomplete, damaged, or of a version that is not known.
    """
    classifier = GeneClassifier(folder, device)
    classifier._model()
    return classifier


def _genes(sequences: Sequence[str], model: SavedModel) -> Genes:
    if isinstance(sequences, str) or np.ndim(sequences) != 1:
        raise DataError(
            "The sequences are not a list of strings.", "Give one string per gene: [sequence], or a column of a table."
        )
    texts = [one if isinstance(one, str) else None for one in sequences]
    cleaned = clean(
        texts, model.alphabet, model.rules, expected=model.alphabet, genetic_code=model.encoder.genetic_code
    )
    if not cleaned.kept.all():
        raise DataError(
            f"Of {len(texts)} sequences {int((~cleaned.kept).sum())} cannot be read by the model's rules.",
            "Leave them out: " + ", ".join(str(row) for row in np.flatnonzero(~cleaned.kept)[:10]) + " (from 0).",
        )
    names = [str(row) for row in range(len(texts))]
    return Genes(ids=names, sequences=cleaned.sequences, labels=None, alphabet=cleaned.alphabet)
