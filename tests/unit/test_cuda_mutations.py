"""Mutations and linear paths on a real GPU: the numbers of a CPU, the same every time, captured or not, no waiting."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.ragged import Ragged
from model.training import FoldResult, train_fold

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

GPU = "cuda:0"
LETTERS, POSITIONS = 49, 305
SETTINGS = TrainingSettings(max_epochs=4, patience=9, merge_duplicates=False)
CONFIG = replace(
    original_configuration("protein"),
    embedding_size=8,
    hidden_size=12,
    layers=2,
    batch_size=16,
    learning_rate=0.01,
    dropout=0.3,
    weight_decay=0.01,
)


@dataclass(frozen=True)
class Kind:
    """A network, and what it reads."""

    config: LearnerConfig
    rows: Callable[[int, int], Examples]
    letters: int
    positions: int | None


def mutants(rows: int, seed: int) -> Examples:
    """Genes of 1 to 6 mutations, resistant where one of them is at one of the first 60 positions."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 7, rows)
    places = np.sort(generator.integers(0, POSITIONS, (rows, 6)), axis=1)
    tokens = (places * LETTERS + generator.integers(1, LETTERS, (rows, 6))).astype(np.int32)
    inside = np.arange(6) < lengths[:, None]
    return Examples(Ragged.of_padded(tokens.astype(np.int32), lengths), ((places < 60) & inside).any(axis=1))


def wholes(rows: int, seed: int) -> Examples:
    """Sequences of 6 to 40 letters, resistant where any of the first three is a 5."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(6, 41, rows)
    tokens = generator.integers(2, 8, (rows, 40), dtype=np.uint8)
    tokens[np.arange(40) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), (tokens[:, :3] == 5).any(axis=1))


KINDS = {
    "mutations": Kind(replace(CONFIG, encoding="mutation", linear="by_position"), mutants, LETTERS, POSITIONS),
    "begun at a regression": Kind(
        replace(CONFIG, encoding="mutation", linear="by_position", linear_start="regression"),
        mutants,
        LETTERS,
        POSITIONS,
    ),
    "mutations alone": Kind(replace(CONFIG, encoding="mutation", pooling="mean"), mutants, LETTERS, POSITIONS),
    "mutations in large batches": Kind(
        replace(CONFIG, encoding="mutation", linear="by_position", batch_size=2048), mutants, LETTERS, POSITIONS
    ),
    "letters by position": Kind(replace(CONFIG, linear="by_position"), wholes, 8, None),
    "words": Kind(replace(CONFIG, linear="by_kmer"), wholes, 8, None),
}
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def fold(kind: Kind, settings: TrainingSettings = SETTINGS, config: LearnerConfig | None = None, **options):
    rows = max(240, 3 * kind.config.batch_size)
    arguments = {"seed": 3, "device": GPU, "positions": kind.positions, **options}
    return train_fold(config or kind.config, settings, kind.rows(rows, 0), kind.rows(60, 1), kind.letters, **arguments)


def assert_same(one: FoldResult, other: FoldResult) -> None:
    assert one.curves == other.curves
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


@EACH
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_captured_steps_give_the_numbers_of_plain_ones_every_time(kind: Kind, precision: str, caplog) -> None:
    settings = replace(SETTINGS, precision=precision)
    captured = fold(kind, settings)
    assert_same(captured, fold(kind, settings, graphs=False))
    assert_same(captured, fold(kind, settings))
    assert "cannot be captured" not in caplog.text


@EACH
def test_a_gpu_trains_as_a_cpu_does(kind: Kind) -> None:
    # Without dropout, whose random numbers each kind of device has of its own; and slowly, for gradients that explode
    # make much of a last bit.
    config = replace(kind.config, dropout=0.0, learning_rate=0.003)
    on_gpu, on_cpu = fold(kind, config=config), fold(kind, config=config, device="cpu")
    for name, values in vars(on_cpu.curves).items():
        if name.endswith("loss"):
            np.testing.assert_allclose(getattr(on_gpu.curves, name), values, rtol=1e-3)
    np.testing.assert_allclose(on_gpu.probabilities, on_cpu.probabilities, atol=3e-3)


@EACH
def test_the_host_never_waits_between_the_batches_of_an_epoch(waits, kind: Kind) -> None:
    float(torch.ones(1, device=GPU).sum())
    assert waits() > 0  # it counts
    after_each: list[int] = []
    fold(kind, replace(SETTINGS, max_epochs=2), on_batch=lambda: after_each.append(waits()))
    # Validation is a batch of its own; the sums are read before it.
    batches = len(after_each) // 2
    assert batches > 2
    for epoch in (0, batches):
        assert after_each[epoch] == after_each[epoch + batches - 2]
