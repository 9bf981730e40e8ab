"""Logistic regression on sparse features, with its penalty tuned inside the training rows.

Rows with the same sequence and label are merged into one weighted row: the same objective, at the cost of the
distinct sequences only.
"""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has none

from model.baseline import Kind, feature_numbers
from model.ragged import Ragged

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

PENALTIES = (0.01, 0.1, 1.0, 10.0)  #: C of scikit-learn: small is strong
_INNER_FOLDS = 3
_TUNING_ROWS = 5000  # distinct (sequence, label) pairs that the penalty is tuned on at most
_FREE_INTERCEPT = 100.0  # liblinear penalises the intercept too, unless its column is this large
_MAX_COLUMNS = 60_000
_MAX_WORD = 6
_LEAST_SHARE = 1e-6  # where all rows are of one class


@dataclass(frozen=True, eq=False)
class Features:
    """What rows have, in columns; those that are the same in every row are left out.

    Attributes:
        matrix: [N, columns], how often.
        numbers: [columns], as `feature_numbers` numbers them, likewise `base` and `size`.
    """

    matrix: sparse.csr_matrix
    numbers: NDArray[np.int64]
    base: int = 0
    size: int = 1


def one_hot(tokens: Ragged) -> Features:
    """Makes one column per position and letter of N rows."""
    return _counts("position", tokens, int(tokens.flat.max()) + 1, 1)


def presence(mutations: Ragged) -> Features:
    """Makes one column per mutation of N rows, each token a number of its own."""
    return _counts("mutation", mutations, 0, 1)


def kmer_counts(tokens: Ragged) -> Features:
    """Counts words of k tokens, k as large (up to 6) as keeps the possible words under 60,000.

    Args:
        tokens: N rows.
    """
    letters = int(tokens.flat.max()) + 1
    k = max(size for size in range(1, _MAX_WORD + 1) if size == 1 or letters**size <= _MAX_COLUMNS)
    return _counts("word", tokens, letters, min(k, tokens.width))


def _counts(kind: Kind, tokens: Ragged, base: int, size: int) -> Features:
    rows, numbers = feature_numbers(kind, tokens, base, size)
    names, columns = np.unique(numbers, return_inverse=True)
    ones = np.ones(len(rows), dtype=np.float64)
    counts = sparse.csr_matrix((ones, (rows, columns)), shape=(len(tokens), len(names)))
    differ = counts.max(axis=0).toarray().ravel() != counts.min(axis=0).toarray().ravel()
    return Features(counts[:, differ], names[differ], base, size)


@dataclass(frozen=True, eq=False)
class Fit:
    """A logistic regression: the log odds of a row are those of its columns, and the intercept."""

    coefficients: NDArray[np.float64]  #: [columns]
    intercept: float


def fit(
    features: sparse.csr_matrix, sequence: NDArray[np.int64], labels: NDArray[np.bool_], train: NDArray[np.int64]
) -> Fit:
    """Tunes and fits on the training rows; arguments as `fit_predict`.

    Returns:
        Where there is one class or no feature to learn from, that of the share of resistant rows.
    """
    model = _tuned(features, sequence, labels, train)
    if model is not None:
        return Fit(model.coef_[0].astype(np.float64), float(model.intercept_[0]))
    share = min(max(float(labels[train].mean()), _LEAST_SHARE), 1 - _LEAST_SHARE)
    return Fit(np.zeros(features.shape[1]), float(np.log(share / (1 - share))))


def fit_predict(
    features: sparse.csr_matrix,
    sequence: NDArray[np.int64],
    labels: NDArray[np.bool_],
    train: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Tunes and fits on the training rows, predicts the others.

    Args:
        features: [N, columns].
        sequence: [N], an id per distinct sequence.
        labels: [N].
        train: Rows to fit on.
        rows: Rows to predict.

    Returns:
        [rows] P(resistant); the share of resistant rows where there is one class or no feature to learn from.
    """
    model = _tuned(features, sequence, labels, train)
    if model is None:
        return np.full(len(rows), labels[train].mean())
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(features[rows])[:, 1])


def _tuned(
    features: sparse.csr_matrix, sequence: NDArray[np.int64], labels: NDArray[np.bool_], train: NDArray[np.int64]
) -> "LogisticRegression | None":
    """Fits with the penalty that does best inside the training rows; None where there is nothing to learn from."""
    first, weights = _merge(sequence[train] * 2 + labels[train])
    distinct = train[first]
    y = labels[distinct]
    if y.all() or not y.any() or features.shape[1] == 0:
        return None
    x = features[distinct]
    # One BLAS thread: on vectors this short more of them only wait for each other (20 times slower when busy).
    with threadpool_limits(1):
        penalty = _tune(x, y, weights, sequence[distinct])
        return _fit(x, y, weights, penalty)


def _merge(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return first, counts


def _fit(
    x: sparse.csr_matrix, y: NDArray[np.bool_], weights: NDArray[np.int64], penalty: float
) -> "LogisticRegression":
    # Here and not above: who compares or looks without fitting need not wait for scikit-learn.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # A fit that stops at max_iter is still a fair baseline: no news for the user.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # On sparse columns four times as fast as the default solver, and closer to the optimum.
        model = LogisticRegression(
            C=penalty, max_iter=300, solver="liblinear", intercept_scaling=_FREE_INTERCEPT, random_state=0
        )
        return model.fit(x, y, sample_weight=weights)


def _tune(x: sparse.csr_matrix, y: NDArray[np.bool_], weights: NDArray[np.int64], sequence: NDArray[np.int64]) -> float:
    """Chooses the penalty by accuracy over inner folds; one sequence never stands on both sides."""
    generator = np.random.default_rng(0)
    names, number = np.unique(sequence, return_inverse=True)
    fold = generator.permutation(len(names))[number] % _INNER_FOLDS
    chosen = np.arange(len(y))
    if len(y) > _TUNING_ROWS:
        chosen = np.sort(generator.choice(len(y), _TUNING_ROWS, replace=False))
    x, y, weights, fold = x[chosen], y[chosen], weights[chosen], fold[chosen]
    scores = [_inner_score(x, y, weights, fold, penalty) for penalty in PENALTIES]
    return PENALTIES[int(np.argmax(scores))]  # ties go to the stronger penalty


def _inner_score(
    x: sparse.csr_matrix,
    y: NDArray[np.bool_],
    weights: NDArray[np.int64],
    fold: NDArray[np.int64],
    penalty: float,
) -> float:
    right = 0
    for inner in range(_INNER_FOLDS):
        inside, outside = fold != inner, fold == inner
        if not outside.any() or y[inside].all() or not y[inside].any():
            continue
        called = _fit(x[inside], y[inside], weights[inside], penalty).predict(x[outside])
        right += int(weights[outside][called == y[outside]].sum())
    return float(right)
