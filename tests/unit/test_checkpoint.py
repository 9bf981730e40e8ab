"""A fold that goes on from a checkpoint ends with the numbers, to the bit, of one that was never stopped."""

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.errors import CheckpointError
from model.ragged import Ragged
from model.runtime import best_engine
from model.training import Curves, FoldResult, train_fold

VOCABULARY = 6
SETTINGS = TrainingSettings(max_epochs=4, patience=4)
CONFIG = replace(
    original_configuration("dna"), embedding_size=4, hidden_size=6, layers=1, batch_size=16, learning_rate=0.02
)
FULL = replace(CONFIG, layers=2, dropout=0.3, positions="learned", pooling="mean", schedule="cosine", weight_decay=0.01)


class StopError(Exception):
    """Raised by a caller that wants to stop."""


def examples(rows: int, seed: int) -> Examples:
    """Random rows: what is learnt does not matter here."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(6, 13, rows)
    tokens = generator.integers(2, VOCABULARY, (rows, 12), dtype=np.uint8)
    tokens[np.arange(12) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), generator.random(rows) < 0.5)


def train(config: LearnerConfig, settings: TrainingSettings, checkpoint: bytes | None = None, **hooks) -> FoldResult:
    rows = examples(120, seed=0), examples(40, seed=1)
    return train_fold(config, settings, *rows, VOCABULARY, seed=5, checkpoint=checkpoint, **hooks)


def stopped_after(epochs: int, config: LearnerConfig, settings: TrainingSettings, checkpoint: bytes | None = None):
    """The checkpoint of a training that was stopped."""
    made: list[bytes] = []

    def on_epoch(curves: Curves, write) -> None:
        if curves.epochs == epochs:
            made.append(write())
            raise StopError

    with pytest.raises(StopError):
        train(config, settings, checkpoint, on_epoch=on_epoch)
    return made[0]


def assert_same(one: FoldResult, other: FoldResult) -> None:
    assert one.curves == other.curves
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


@pytest.mark.parametrize("engine", sorted({"stock", best_engine()}))
@pytest.mark.parametrize("config", [CONFIG, FULL], ids=["plain", "full"])
def test_it_goes_on_after_any_epoch_to_the_same_numbers(config: LearnerConfig, engine: str) -> None:
    settings = replace(SETTINGS, max_epochs=4, patience=9, engine=engine)
    whole = train(config, settings)
    assert whole.curves.epochs == 4
    for epochs in (1, 2, 3):
        trained: list[int] = []
        result = train(
            config,
            settings,
            stopped_after(epochs, config, settings),
            on_epoch=lambda curves, _, trained=trained: trained.append(curves.epochs),
        )
        assert_same(result, whole)
        assert trained == list(range(epochs + 1, 4))


def test_it_may_be_stopped_again_and_again() -> None:
    settings = replace(SETTINGS, max_epochs=4, patience=9)
    checkpoint = None
    for epochs in (1, 2, 3):
        checkpoint = stopped_after(epochs, FULL, settings, checkpoint)
    assert_same(train(FULL, settings, checkpoint), train(FULL, settings))


def test_patience_counts_the_epochs_before_the_checkpoint() -> None:
    noise = replace(SETTINGS, max_epochs=60, patience=3)
    fast = replace(CONFIG, learning_rate=0.2)
    whole = train(fast, noise)
    assert 3 < whole.curves.epochs < 60
    assert_same(train(fast, noise, stopped_after(whole.curves.epochs - 1, fast, noise)), whole)


@pytest.mark.parametrize(
    "changes",
    [{"hidden_size": 5}, {"layers": 2}, {"positions": "learned"}, {"embedding_size": 3}, {"learning_rate": 0.1}],
    ids=str,
)
def test_a_checkpoint_of_another_configuration_is_refused(changes: dict) -> None:
    with pytest.raises(CheckpointError, match="another training"):
        train(replace(CONFIG, **changes), SETTINGS, stopped_after(1, CONFIG, SETTINGS))


@pytest.mark.parametrize("last", [1, 2])
def test_a_checkpoint_of_an_epoch_that_is_not_wanted_is_refused(last: int) -> None:
    checkpoint = stopped_after(2, CONFIG, SETTINGS)
    with pytest.raises(CheckpointError, match="epoch 2"):
        train(CONFIG, SETTINGS, checkpoint, max_epochs=last)


Tensors = dict[str, torch.Tensor]


def curves_of(epochs: int) -> Tensors:
    return {f"curves.{name}": torch.zeros(epochs, dtype=torch.float64) for name in vars(Curves())}


DAMAGES: dict[str, Callable[[Tensors], Tensors]] = {
    "rows missing": lambda tensors: {"probabilities": tensors["probabilities"][:, :-1].contiguous()},
    "curves too long": lambda _: curves_of(2),
    "no dimensions": lambda _: {"probabilities": torch.zeros(())},
    "far too many rows": lambda _: {"probabilities": torch.zeros(2**62, 0)},
    "no epoch": lambda _: curves_of(0) | {"probabilities": torch.zeros(0, 40)},
    "one tensor more": lambda _: {"network.other": torch.zeros(4)},
    "another device's dropout": lambda _: {"dropout": torch.zeros(16, dtype=torch.uint8)},
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_checkpoint_of_another_shape_is_refused(how: str) -> None:
    tensors = load(stopped_after(1, CONFIG, SETTINGS))
    with pytest.raises(CheckpointError):
        train(CONFIG, SETTINGS, save(tensors | DAMAGES[how](tensors)))


@pytest.mark.parametrize("name", ["probabilities", "training", "dropout", "curves.train_loss", "optimizer.0.step"])
def test_a_checkpoint_that_lacks_something_is_refused(name: str) -> None:
    tensors = load(stopped_after(1, CONFIG, SETTINGS))
    del tensors[name]
    with pytest.raises(CheckpointError):
        train(CONFIG, SETTINGS, save(tensors))


def test_bytes_that_are_no_checkpoint_are_refused() -> None:
    checkpoint = stopped_after(1, CONFIG, SETTINGS)
    for data in (b"", b"nonsense", checkpoint[: len(checkpoint) // 2], pickle.dumps(load(checkpoint))):
        with pytest.raises(CheckpointError):
            train(CONFIG, SETTINGS, data)
