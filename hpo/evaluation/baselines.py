"""Plain baselines on the study's own folds: what a search has to beat.

Each is fitted per fold on the other folds, then once on all development rows for the test rows, if these are
given. The original's configuration is a baseline too, but a trial of the study (trial 0), not made here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.calls import called_resistant
from hpo.evaluation.linear import Features, Fit, fit, fit_predict, kmer_counts, one_hot, presence
from model.ragged import Ragged, joined

#: A fitted baseline: (training rows, rows to predict) -> [rows to predict] P(resistant)
_Predict = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class BaselineData:
    """Encoded rows with their folds.

    Attributes:
        tokens: N whole sequences.
        labels: [N], True is resistant.
        folds: [N], 0 to K - 1.
        test_tokens: M of them, None while the test set is sealed (then all below are None too).
        test_labels: [M].
        mutations: The same N rows by their mutations; None where they have no ancestor.
        test_mutations: Of the M rows.
    """

    tokens: Ragged
    labels: NDArray[np.bool_]
    folds: NDArray[np.int64]
    test_tokens: Ragged | None = None
    test_labels: NDArray[np.bool_] | None = None
    mutations: Ragged | None = None
    test_mutations: Ragged | None = None


@dataclass(frozen=True, eq=False)
class Baseline:
    """What a baseline reaches."""

    name: str
    fold_accuracies: tuple[float, ...]
    probabilities: NDArray[np.float64]  #: [N] out of fold
    test_probabilities: NDArray[np.float64] | None  #: [M]
    test_accuracy: float | None

    @property
    def cv(self) -> float:
        """Mean accuracy over the folds."""
        return float(np.mean(self.fold_accuracies))


def all_baselines(data: BaselineData) -> tuple[Baseline, ...]:
    """Fits every baseline, the cheapest first."""
    return (
        majority(data),
        identical_sequence(data),
        logistic_regression(data),
        *mutation_logistic_regression(data),
        kmer_logistic_regression(data),
    )


def majority(data: BaselineData) -> Baseline:
    """Fits what always says the commoner label of the training rows."""
    labels = _everyone(data).labels

    def predict(train: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.full(len(rows), labels[train].mean())

    return _evaluate("majority", data, predict)


def identical_sequence(data: BaselineData) -> Baseline:
    """Fits a look-up: the commoner label of the same sequence in training; the majority's where it is new or tied."""
    everyone = _everyone(data)
    _, sequence = everyone.tokens.distinct()

    def predict(train: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        seen = np.bincount(sequence[train], minlength=sequence.max() + 1)
        resistant = np.bincount(sequence[train], weights=everyone.labels[train], minlength=sequence.max() + 1)
        share = resistant / np.maximum(seen, 1)
        undecided = (seen == 0) | (share == 0.5)
        return np.asarray(np.where(undecided, everyone.labels[train].mean(), share)[sequence[rows]])

    return _evaluate("identical_sequence", data, predict)


def logistic_regression(data: BaselineData) -> Baseline:
    """Fits a logistic regression on one-hot positions, its penalty tuned within the training rows."""
    return _linear("logistic_regression", data)


def mutation_logistic_regression(data: BaselineData) -> tuple[Baseline, ...]:
    """Fits a logistic regression on which mutations a gene has, tuned alike; none where genes have no ancestor.

    Unlike letters by position, mutations stay where they are when a letter more or less shifts all that follow.
    """
    return () if data.mutations is None else (_linear("mutation_logistic_regression", data),)


def kmer_logistic_regression(data: BaselineData) -> Baseline:
    """Fits a logistic regression on counts of short words, wherever they stand; tuned alike."""
    return _linear("kmer_logistic_regression", data)


def fit_once(name: str, data: BaselineData) -> tuple[Features, Fit]:
    """Fits a regression on all development rows, as for the test rows: what it says of these, it says of any gene.

    Args:
        name: One of those that this module fits.
        data: As the regression was compared on.
    """
    everyone = _everyone(data)
    features = _features(name, everyone)
    _, sequence = everyone.tokens.distinct()
    return features, fit(features.matrix, sequence, everyone.labels, np.arange(len(data.labels)))


def _features(name: str, everyone: "_Joined") -> Features:
    if name == "kmer_logistic_regression":
        return kmer_counts(everyone.tokens)
    if name == "mutation_logistic_regression" and everyone.mutations is not None:
        return presence(everyone.mutations)
    return one_hot(everyone.tokens)


def _linear(name: str, data: BaselineData) -> Baseline:
    everyone = _everyone(data)
    features = _features(name, everyone).matrix
    _, sequence = everyone.tokens.distinct()

    def predict(train: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return fit_predict(features, sequence, everyone.labels, train, rows)

    return _evaluate(name, data, predict)


@dataclass(frozen=True, eq=False)
class _Joined:
    tokens: Ragged  #: N + M rows, development rows first
    labels: NDArray[np.bool_]  #: those of test rows are never given to a fit
    mutations: Ragged | None  #: likewise


def _everyone(data: BaselineData) -> _Joined:
    if data.test_tokens is None or data.test_labels is None:
        return _Joined(data.tokens, data.labels, data.mutations)
    mutations = None
    if data.mutations is not None and data.test_mutations is not None:
        mutations = joined([data.mutations, data.test_mutations])
    return _Joined(joined([data.tokens, data.test_tokens]), np.concatenate([data.labels, data.test_labels]), mutations)


def _evaluate(name: str, data: BaselineData, predict: _Predict) -> Baseline:
    development = np.arange(len(data.labels))
    probabilities = np.empty(len(development))
    for fold in np.unique(data.folds):
        rows = development[data.folds == fold]
        probabilities[rows] = predict(development[data.folds != fold], rows)
    correct = called_resistant(probabilities) == data.labels
    accuracies = tuple(float(correct[data.folds == fold].mean()) for fold in np.unique(data.folds))
    if data.test_labels is None:
        return Baseline(name, accuracies, probabilities, None, None)
    test_rows = len(development) + np.arange(len(data.test_labels))
    on_test = predict(development, test_rows)
    test_accuracy = float(np.mean(called_resistant(on_test) == data.test_labels))
    return Baseline(name, accuracies, probabilities, on_test, test_accuracy)
