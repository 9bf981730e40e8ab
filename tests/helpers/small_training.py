"""A training that is over at once."""

from dataclasses import replace

import numpy as np

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.ragged import Ragged
from model.training import FoldResult, train_fold

VOCABULARY = 6


CONFIG = replace(
    original_configuration("dna"),
    embedding_size=4,
    hidden_size=6,
    layers=1,
    batch_size=16,
    learning_rate=0.02,
    pooling="max",
)


SETTINGS = TrainingSettings(max_epochs=4, patience=4)


def examples(rows: int, seed: int = 0) -> Examples:
    """Resistant where any of the first six letters is a 5."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(6, 13, rows)
    tokens = generator.integers(2, 6, (rows, 12), dtype=np.uint8)
    tokens[np.arange(12) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), (tokens[:, :3] == 5).any(axis=1))


def fold(config: LearnerConfig = CONFIG, settings: TrainingSettings = SETTINGS, **options: object) -> FoldResult:
    arguments = {"vocabulary_size": VOCABULARY, "seed": 1, **options}
    return train_fold(config, settings, examples(120), examples(40, seed=1), **arguments)  # type: ignore[arg-type]
