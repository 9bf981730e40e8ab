"""Logistic regression on sparse features, with its penalty tuned inside the training rows.

Rows with the same sequence and label are merged into one weighted row: the same objective, at the cost of the
distinct sequences only.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from model.ragged import Ragged

PENALTIES = (0.01, 0.1, 1.0, 10.0)  #: C of scikit-learn: small is strong
_INNER_FOLDS = 3
_TUNING_ROWS = 5000  # distinct (sequence, label) pairs that the penalty is tuned on at most
_FREE_INTERCEPT = 100.0  # liblinear penalises the intercept too, unless its column is this large
_MAX_COLUMNS = 60_000
_MAX_WORD = 6


def one_hot(tokens: Ragged) -> sparse.csr_matrix:
    """Makes one column per position and letter.

    Args:
        tokens: N rows.

    Returns:
        [N, columns]; columns that are the same in every row are left out.
    """
    width = int(tokens.flat.max()) + 1
    return _counts(tokens.lengths, tokens.places * width + tokens.flat)


def presence(mutations: Ragged) -> sparse.csr_matrix:
    """Makes one column per mutation.

    Args:
        mutations: N rows, each token a number of its own.

    Returns:
        [N, columns]; columns that are the same in every row are left out.
    """
    return _counts(mutations.lengths, mutations.flat.astype(np.int64))


def kmer_counts(tokens: Ragged) -> sparse.csr_matrix:
    """Counts words of k tokens, k as large (up to 6) as keeps the possible words under 60,000.

    Args:
        tokens: N rows.
    """
    letters = int(tokens.flat.max()) + 1
    k = max(size for size in range(1, _MAX_WORD + 1) if size == 1 or letters**size <= _MAX_COLUMNS)
    k = min(k, tokens.width)
    words = np.zeros(len(tokens.flat) - k + 1, dtype=np.int64)
    for offset in range(k):
        words = words * letters + tokens.flat[offset : offset + len(words)]
    # Words that reach into the next row are none.
    begins = np.maximum(tokens.lengths - k + 1, 0)
    whole = tokens.places[: len(words)] < np.repeat(begins, tokens.lengths)[: len(words)]
    return _counts(begins, words[whole])


def _counts(sizes: NDArray[np.int64], columns: NDArray[np.int64]) -> sparse.csr_matrix:
    """Counts columns, `sizes` [N] of them for each row."""
    names, columns = np.unique(columns, return_inverse=True)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    ones = np.ones(len(rows), dtype=np.float64)
    counts = sparse.csr_matrix((ones, (rows, columns)), shape=(len(sizes), len(names)))
    highest = counts.max(axis=0).toarray().ravel()
    lowest = counts.min(axis=0).toarray().ravel()
    return counts[:, highest != lowest]


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
    first, weights = _merge(sequence[train] * 2 + labels[train])
    distinct = train[first]
    y = labels[distinct]
    if y.all() or not y.any() or features.shape[1] == 0:
        return np.full(len(rows), labels[train].mean())
    x = features[distinct]
    # One BLAS thread: on vectors this short more of them only wait for each other (20 times slower when busy).
    with threadpool_limits(1):
        penalty = _tune(x, y, weights, sequence[distinct])
        return np.asarray(_fit(x, y, weights, penalty).predict_proba(features[rows])[:, 1])


def _merge(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return first, counts


def _fit(x: sparse.csr_matrix, y: NDArray[np.bool_], weights: NDArray[np.int64], penalty: float) -> LogisticRegression:
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
