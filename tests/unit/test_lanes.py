"""Several trainings at once in one process: real threads, the same numbers as one after another."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from model import runtime
from model.batching import Examples
from model.configuration import TrainingSettings, original_configuration
from model.errors import NonFiniteLossError
from model.ragged import Ragged
from model.runtime import best_engine
from model.training import FoldResult, train_fold

LANES = 4
VOCABULARY = 6
CONFIG = replace(
    original_configuration("dna"), embedding_size=8, hidden_size=12, batch_size=16, dropout=0.2, positions="learned"
)
SETTINGS = TrainingSettings(max_epochs=3)


def examples(rows: int, seed: int) -> Examples:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(6, 31, rows)
    tokens = generator.integers(2, VOCABULARY, (rows, 30), dtype=np.uint8)
    tokens[np.arange(30) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), (tokens[:, :3] == 5).any(axis=1))


def fold(lane: int, engine: str, threads: int) -> FoldResult:
    """Another network in each lane."""
    config = replace(CONFIG, hidden_size=12 + 4 * lane, pooling=("last", "mean", "max")[lane % 3])
    settings = replace(SETTINGS, engine=engine, threads=threads)
    return train_fold(config, settings, examples(120, lane), examples(40, lane + 9), VOCABULARY, seed=lane)


def at_once(work: Callable[[int], FoldResult | Exception]) -> list[FoldResult | Exception]:
    """What each lane's work gives, all of them begun together."""
    together = threading.Barrier(LANES)

    def begun(lane: int) -> FoldResult | Exception:
        together.wait(60)
        return work(lane)

    with ThreadPoolExecutor(LANES) as pool:
        return list(pool.map(begun, range(LANES)))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("engine", sorted({"stock", best_engine()}))
def test_lanes_give_the_numbers_of_one_after_another(engine: str, threads: int) -> None:
    state = torch.random.get_rng_state()
    expected = [fold(lane, engine, threads) for lane in range(LANES)]
    for result, alone in zip(at_once(lambda lane: fold(lane, engine, threads)), expected, strict=True):
        assert result.curves == alone.curves
        np.testing.assert_array_equal(result.probabilities, alone.probabilities)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_lane_that_fails_leaves_the_others_alone() -> None:
    def work(lane: int) -> FoldResult | Exception:
        config = replace(CONFIG, learning_rate=10.0 if lane == 1 else 1e-3)
        rows = examples(120, lane), examples(40, lane + 9)
        try:
            return train_fold(config, SETTINGS, *rows, VOCABULARY, seed=lane, on_batch=stop if lane == 2 else int)
        except (NonFiniteLossError, InterruptedError) as error:
            return error

    def stop() -> None:
        raise InterruptedError

    results = at_once(work)
    assert isinstance(results[2], InterruptedError)
    alone = train_fold(CONFIG, SETTINGS, examples(120, 0), examples(40, 9), VOCABULARY, seed=0)
    assert isinstance(results[0], FoldResult)
    np.testing.assert_array_equal(results[0].probabilities, alone.probabilities)


@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
def test_threads_of_one_precision_compute_at_once_and_those_of_another_wait() -> None:
    gpu, inside, leave = torch.device("cuda"), threading.Barrier(3), threading.Event()
    found: list[str] = []

    def same() -> None:
        with runtime.arithmetic("tf32", gpu):
            inside.wait(60)
            leave.wait(60)
            found.append(torch.backends.cuda.matmul.fp32_precision)

    def other() -> None:
        with runtime.arithmetic("fp32", gpu):
            found.append(torch.backends.cuda.matmul.fp32_precision)

    before = torch.backends.cuda.matmul.fp32_precision
    with ThreadPoolExecutor(3) as pool:
        works = [pool.submit(same) for _ in range(2)]
        inside.wait(60)
        works.append(pool.submit(other))
        leave.set()
        for work in works:
            work.result(60)
    assert found == ["tf32", "tf32", "ieee"]
    assert torch.backends.cuda.matmul.fp32_precision == before
