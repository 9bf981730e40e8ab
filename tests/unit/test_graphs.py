"""CUDA graphs on a real GPU: captured or plain, alone or beside others, a training gives the same numbers."""

import gc
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.epochs import Curves
from model.errors import OutOfMemoryError
from model.fitting import Fitting
from model.gpu.graphs import PLAIN_USES, GraphRunner
from model.gpu.lanes import lane
from model.prediction import predict
from model.ragged import Ragged
from model.training import FoldResult, train_final, train_fold

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

GPU = "cuda:0"
VOCABULARY = 6
CONFIG = replace(
    original_configuration("dna"),
    embedding_size=8,
    hidden_size=12,
    layers=2,
    batch_size=16,
    learning_rate=0.01,
    dropout=0.3,
    schedule="cosine",
    weight_decay=0.01,
)
SETTINGS = TrainingSettings(max_epochs=4, patience=9)


def examples(rows: int, seed: int = 0, shortest: int = 6) -> Examples:
    """Resistant where any of the first three letters is a 5."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(shortest, 41, rows)
    tokens = generator.integers(2, VOCABULARY, (rows, 40), dtype=np.uint8)
    tokens[np.arange(40) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), (tokens[:, :3] == 5).any(axis=1))


RAGGED = examples(240), examples(60, seed=1)
UNIFORM = examples(240, shortest=40), examples(60, seed=1, shortest=40)


def fold(
    config: LearnerConfig = CONFIG, settings: TrainingSettings = SETTINGS, data=RAGGED, seed: int = 3, **options
) -> FoldResult:
    return train_fold(config, settings, *data, VOCABULARY, seed, GPU, **options)


def assert_same(one: FoldResult, other: FoldResult) -> None:
    assert one.curves == other.curves
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


@pytest.mark.parametrize("data", [RAGGED, UNIFORM], ids=["ragged", "uniform"])
def test_few_graphs_are_captured_and_run_all_but_the_first_steps(data, monkeypatch) -> None:
    replays: list[int] = []
    real = torch.cuda.CUDAGraph.replay
    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", lambda graph: (replays.append(1), real(graph))[1])
    batches: list[int] = []
    with lane(torch.device(GPU)), closing(Fitting(CONFIG, SETTINGS, data[0], VOCABULARY, 3, GPU, data[1])) as fitting:
        curves = Curves()
        for epoch in range(1, 9):
            fitting.one_epoch(epoch, curves, lambda: batches.append(1))
        graphs = fitting.runner.graphs
    assert graphs == 2 if data is UNIFORM else 2 < graphs < 8
    assert len(batches) - len(replays) <= (graphs + 2) * PLAIN_USES
    assert len(replays) > 100


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
@pytest.mark.parametrize(
    ("pooling", "positions", "data"),
    [("last", "none", RAGGED), ("mean", "learned", RAGGED), ("max", "none", UNIFORM), ("last", "learned", UNIFORM)],
    ids=["last-none-ragged", "mean-learned-ragged", "max-none-uniform", "last-learned-uniform"],
)
def test_captured_steps_give_the_numbers_of_plain_ones(pooling: str, positions: str, data, precision: str) -> None:
    config, settings = replace(CONFIG, pooling=pooling, positions=positions), replace(SETTINGS, precision=precision)
    captured = fold(config, settings, data)
    assert_same(captured, fold(config, settings, data, graphs=False))
    assert_same(captured, fold(config, settings, data))


class StopError(Exception):
    """Raised by a caller that wants to stop."""


def test_a_checkpoint_of_captured_steps_goes_on_with_either_kind() -> None:
    checkpoints: list[bytes] = []

    def on_epoch(curves, write) -> None:
        if curves.epochs == 2:
            checkpoints.append(write())
            raise StopError

    with pytest.raises(StopError):
        fold(on_epoch=on_epoch)
    whole = fold()
    for graphs in (True, False):
        assert_same(fold(checkpoint=checkpoints[0], graphs=graphs), whole)


def test_a_callers_stop_within_a_batch_leaves_nothing_behind() -> None:
    def stop() -> None:
        batches.append(1)
        if len(batches) == 40:
            raise StopError

    batches: list[int] = []
    expected, before = fold(), memory()
    with pytest.raises(StopError):
        fold(on_batch=stop)
    assert memory()[0] == before[0]
    assert memory()[1] <= before[1]
    assert_same(fold(), expected)


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_lanes_give_the_numbers_of_one_alone(precision: str) -> None:
    settings = replace(SETTINGS, precision=precision)
    configs = [replace(CONFIG, hidden_size=12 + 4 * (n % 3), pooling=("last", "mean", "max")[n % 3]) for n in range(6)]
    together = threading.Barrier(len(configs))

    def begun(number: int) -> FoldResult:
        together.wait(60)
        return fold(configs[number], settings, seed=number)

    expected = [fold(config, settings, seed=number) for number, config in enumerate(configs)]
    for _ in range(2):
        with ThreadPoolExecutor(len(configs)) as pool:
            for one, alone in zip(pool.map(begun, range(len(configs))), expected, strict=True):
                assert_same(one, alone)


def test_a_lane_without_room_fails_alone() -> None:
    huge = replace(CONFIG, embedding_size=8192, batch_size=10**6)
    many = Examples(Ragged.of(np.ones(20_000_000, np.uint8), np.full(20_000, 1000)), np.arange(20_000) < 9)
    expected = fold()
    with ThreadPoolExecutor(2) as pool:
        beside = pool.submit(fold)
        with pytest.raises(OutOfMemoryError, match="memory of cuda:0"):
            fold(huge, replace(SETTINGS, merge_duplicates=False), (many, RAGGED[1]))
        assert_same(beside.result(120), expected)


def test_memory_does_not_grow_from_fold_to_fold() -> None:
    tensors, held = [], []
    for number in range(50):
        fold(replace(CONFIG, hidden_size=12 + 4 * (number % 3)), seed=number)
        tensors.append(memory()[0])
        held.append(memory()[1])
    assert len(set(tensors[3:])) == 1
    # What torch holds beyond that may go down: it gives back what graphs took.
    assert max(held[25:]) <= max(held[:25])


def memory() -> tuple[int, int]:
    """Bytes that tensors hold on the GPU, and that torch holds for them."""
    gc.collect()
    return torch.cuda.memory_allocated(GPU), torch.cuda.memory_reserved(GPU)


def test_work_that_cannot_be_captured_runs_plainly_and_says_so(caplog) -> None:
    generator = torch.Generator(GPU).manual_seed(1)
    values: list[float] = []

    def work() -> None:
        values.append(float(torch.rand(1, device=GPU, generator=generator)))

    device = torch.device(GPU)
    with lane(device), closing(GraphRunner(device, generator=lambda: generator)) as runner:
        with caplog.at_level(logging.WARNING, logger="model"):
            for _ in range(5):
                runner.run("work", work)
        assert runner.graphs == 0
    generator.manual_seed(1)
    again = [float(torch.rand(1, device=GPU, generator=generator)) for _ in range(5)]
    assert values == again
    assert "cannot be captured" in caplog.text
    assert_same(fold(), fold(graphs=False))


def test_networks_predict_alike_in_any_number_of_threads() -> None:
    network, _ = train_final(CONFIG, SETTINGS, RAGGED[0], VOCABULARY, epochs=2, seed=1, device=GPU)
    many = examples(3000, seed=5)
    on_cpu, on_gpu = (predict(network, many, device, batch_size=64) for device in ("cpu", GPU))
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-5)
    np.testing.assert_array_equal(predict([network] * 3, many, GPU, batch_size=64), on_gpu)
