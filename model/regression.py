"""Where the linear path begins: at the logistic regression of the training rows, with the network beside it silent.

What a plain baseline can learn need not be learnt again by small steps, and the network is left with what it misses.
"""

import threading
import warnings

import numpy as np
import torch
from numpy.typing import NDArray

from model.batching import DistinctRows
from model.linear import ByPosition
from model.network import BiLSTM
from model.ragged import Ragged

#: C of scikit-learn: an L2 penalty of 1/2 beside the summed loss of the rows. Of 0.1, 0.3 and 1 the best on most data.
PENALTY = 1.0
_FITTING = threading.Lock()
#: Steps of the fit, at most: one that stops there is still a fair beginning.
MOST_STEPS = 200


def begin_at_regression(network: BiLSTM, rows: DistinctRows, class_weights: tuple[float, float]) -> None:
    """Sets a network's linear path by position, and its last layer, to where training begins.

    Args:
        network: Not trained yet, on the CPU; with another linear path, or none, it stays as it is.
        rows: That it will be trained on.
        class_weights: Of resistant and of susceptible rows in the loss.
    """
    linear = network.linear
    weights = np.stack([rows.positives * class_weights[0], rows.negatives * class_weights[1]])
    # With one class there is nothing to fit.
    if not isinstance(linear, ByPosition) or not weights.any(axis=1).all():
        return
    columns, values, bias = _fit(*_features(linear, rows.tokens), weights)
    with torch.no_grad():
        linear.weight.view(-1)[torch.from_numpy(columns)] = torch.from_numpy(values)
        network.output.weight.zero_()
        network.output.bias.fill_(bias)


def _features(linear: ByPosition, tokens: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tells which features which row has: rows [n] and features [n]."""
    rows, features = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in tokens.parts():
        longest = int(tokens.lengths[part].max())
        found = linear.features(torch.from_numpy(np.ascontiguousarray(tokens.padded(part, longest).T))).numpy()
        place, row = np.nonzero(found >= 0)
        rows.append(part[row])
        features.append(found[place, row])
    return np.concatenate(rows), np.concatenate(features)


def _fit(
    row: NDArray[np.int64], feature: NDArray[np.int64], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], float]:
    """Fits the features of rows, weighted [2, D] as resistant and as susceptible ones.

    Returns:
        The features that occur [C], their weights [C], and the bias.
    """
    # Here and not above: who trains without a linear path need not wait for scikit-learn.
    from scipy import sparse
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    columns, column = np.unique(feature, return_inverse=True)
    found = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(weights.shape[1], max(len(columns), 1)))
    # Each distinct row stands there once as resistant and once as susceptible.
    label, counted = np.nonzero(weights > 0)
    # What is set for the process is set by one thread at a time: a GPU's lanes begin side by side.
    with _FITTING, threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=PENALTY, max_iter=MOST_STEPS)
        model.fit(found[counted], label == 0, sample_weight=weights[label, counted])
    return columns.astype(np.int64), model.coef_[0, : len(columns)].astype(np.float32), float(model.intercept_[0])
