"""Accuracies to expect of some folds, once all folds have chosen the epoch that they share.

A trial's accuracies are taken at one epoch, the one with the lowest mean loss (`model.epochs`). While folds are
missing, that epoch still moves, and the accuracy at the epoch of today is a poor guess of that at the epoch to come: it
jumps by rows that change sides, and it is flattered, since the folds that are there have chosen. So every epoch counts
by how close its loss is to the lowest. On recorded tables that takes a quarter off the error (docs/search.md).
"""

import numpy as np
from numpy.typing import NDArray

#: Nats: an epoch whose mean loss lies so far above the lowest counts 1 / e as much.
SOFTNESS = 0.02


def expected_accuracies(losses: NDArray[np.float64], accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each fold's accuracy, averaged over the epochs that may be chosen.

    Args:
        losses: [k, E] validation losses of k folds after each epoch, no number after a fold's last.
        accuracies: [k, E] likewise.

    Returns:
        [k]; no numbers where the folds share no epoch.
    """
    shared = np.isfinite(losses).all(axis=0)
    if not shared.any():
        return np.full(len(losses), np.nan)
    mean = losses[:, shared].mean(axis=0)
    weights = np.exp((mean.min() - mean) / SOFTNESS)
    return np.asarray(accuracies[:, shared] @ weights / weights.sum())
