"""Folds that mostly wait, in the place of training: so that two cores can show what many workers do to the clock."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np

import hpo.trial.fold_training
from hpo.search.seeds import derive
from model.configuration import LearnerConfig
from model.epochs import Curves
from model.training import FoldResult

EPOCHS = 10


@dataclass
class Waiting:
    """Trains folds as `model.training.train_fold` does, but that it waits instead.

    Args:
        seconds: Of a fold in the middle; those of a configuration take half to twice as long.
        seed: The study's.
        folds: K.
    """

    seconds: float
    seed: int = 0
    folds: int = 5
    _fold_of: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._fold_of = {derive(self.seed, "fold", fold): fold for fold in range(self.folds)}

    def __call__(self, config: LearnerConfig, settings: Any, train: Any, validation: Any, **given: Any) -> FoldResult:
        """In the place of `train_fold`."""
        fold, own = self._fold_of[given["seed"]], _generator(config)
        seconds, level = self.seconds * 2 ** own.uniform(-1, 1), own.normal(0.9, 0.008)
        accuracy = float(np.clip(level + _generator(config, fold).normal(0, 0.01), 0, 1))
        last = min(EPOCHS, given["max_epochs"])
        for epoch in range(1, last + 1):
            ends = time.monotonic() + seconds / EPOCHS
            while (left := ends - time.monotonic()) > 0:
                time.sleep(min(left, 0.25))
                given["on_batch"]()
            if epoch < last:
                given["on_epoch"](_curves(accuracy, epoch), lambda: b"none")
        rows = _generator(config, fold).random((last, len(validation.labels)), dtype=np.float32)
        return FoldResult(_curves(accuracy, last), rows)


@contextmanager
def waiting_training(seconds: float) -> Iterator[None]:
    """Lets training wait during the body of `with`."""
    with patch.object(hpo.trial.fold_training, "train_fold", Waiting(seconds)):
        yield


def _generator(config: LearnerConfig, *more: int) -> np.random.Generator:
    digest = hashlib.sha256(repr(config).encode()).digest()
    return np.random.default_rng([int.from_bytes(digest[:8], "big"), *more])


def _curves(accuracy: float, epochs: int) -> Curves:
    falling = list(map(float, np.linspace(0.7, 0.3, EPOCHS)))[:epochs]
    return Curves(falling, [accuracy] * epochs, list(falling), [accuracy] * epochs)
