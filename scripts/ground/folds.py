"""What a fold costs beside its training, in a study whose workers take folds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

import hpo.trial.fold_training
from model.training import Curves, FoldResult


@contextmanager
def instant_training(accuracy: Callable[[Any], float], epochs: int) -> Iterator[list[float]]:
    """Lets training take no time during the body of `with`; yields when each fold was trained, as it goes.

    Args:
        accuracy: What a configuration's next fold reaches.
        epochs: Of a fold.
    """
    # Not seeded: no two folds leave the same bytes, as in a study.
    rng, done = np.random.default_rng(), list[float]()

    def instant(config: Any, settings: Any, train: Any, validation: Any, **given: Any) -> FoldResult:
        falling = list(map(float, np.linspace(0.7, 0.3, epochs)))
        reached = [accuracy(config)] * epochs
        for epoch in range(1, epochs):
            given["on_epoch"](Curves(falling[:epoch], reached[:epoch], falling[:epoch], reached[:epoch]), lambda: b"")
        done.append(time.monotonic())
        return FoldResult(
            Curves(falling, reached, falling, reached), rng.random((epochs, len(validation.labels)), dtype=np.float32)
        )

    with patch.object(hpo.trial.fold_training, "train_fold", instant):
        yield done


def differing(seed: int) -> Callable[[Any], float]:
    """Accuracies of configurations that differ, and of folds that differ by as much as is usual."""
    rng, levels = np.random.default_rng(seed), dict[Any, float]()

    def accuracy(config: Any) -> float:
        level = levels.setdefault(config, float(rng.normal(0.9, 0.008)))
        return float(np.clip(level + rng.normal(0, 0.01), 0, 1))

    return accuracy
