"""A small training on mutations, by either engine."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.batching import Epoch, Examples, plan_epoch
from model.configuration import LearnerConfig, TrainingSettings
from model.epochs import Curves
from model.fitting import Fitting
from model.ragged import Ragged
from model.steps import Learner

LETTERS, POSITIONS, LONGEST = 22, 60, 9


ROWS = 400


def examples(rows: int = ROWS, seed: int = 0) -> Examples:
    """Rows of 1 to `LONGEST` mutations."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, LONGEST + 1, rows)
    places = np.sort(np.argsort(random.random((rows, POSITIONS)))[:, :LONGEST])
    tokens = (places * LETTERS + random.integers(1, LETTERS, places.shape)).astype(np.int32)
    tokens[np.arange(LONGEST) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), random.random(rows) < 0.4)


def config(**changes: Any) -> LearnerConfig:
    original = LearnerConfig(
        encoding="mutation",
        embedding_size=12,
        hidden_size=20,
        layers=2,
        dropout=0.3,
        pooling="mean",
        learning_rate=3e-3,
        batch_size=60,
        weight_decay=0.01,
        schedule="cosine",
        linear="by_position",
    )
    return replace(original, **changes)


def begin(engine: str = "native", rows: Examples | None = None, threads: int = 1, **changes: Any) -> Fitting:
    settings = TrainingSettings(engine=engine, threads=threads, max_epochs=4)  # type: ignore[arg-type]
    train = examples() if rows is None else rows
    return Fitting(config(**changes), settings, train, LETTERS, 7, "cpu", examples(100, 1), positions=POSITIONS)


def train(fitting: Fitting, epochs: int = 3, on_batch: Callable[[], None] = lambda: None) -> Curves:
    curves = Curves()
    for epoch in range(1, epochs + 1):
        fitting.one_epoch(epoch, curves, on_batch)
    return curves


def learner_of(fitting: Fitting, scale: float = 1.0) -> Learner:
    return Learner(fitting.network, fitting.optimizer, fitting.data, scale * fitting.pace.steps / fitting.data.rows)


def everything(fitting: Fitting) -> list[Tensor]:
    """All that a training moves."""
    moments = [value for state in fitting.optimizer.state for value in state.values()]
    return [*fitting.network.state_dict().values(), *moments, fitting.network.dropout_stream.state]


def same(one: Fitting, other: Fitting) -> bool:
    return all(torch.equal(mine, theirs) for mine, theirs in zip(everything(one), everything(other), strict=True))


def plan_of(fitting: Fitting) -> Epoch:
    weights = fitting.rows.positives + fitting.rows.negatives
    return plan_epoch(fitting.rows.lengths, weights, fitting.pace, np.random.default_rng(0))
