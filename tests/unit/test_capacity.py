"""How many trainings at once are worth it: tried with real threads, judged by a pace that the test tells."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from model.batching import Examples
from model.configuration import TrainingSettings, original_configuration
from model.epochs import Curves
from model.errors import OutOfMemoryError
from model.gpu import capacity
from model.gpu.capacity import Training, Workload, measure_lanes
from model.ragged import Ragged

VOCABULARY = 6


def rows() -> Examples:
    tokens = np.random.default_rng(0).integers(2, VOCABULARY, (20, 9), dtype=np.uint8)
    return Examples(Ragged.of_padded(tokens, np.full(20, 9)), tokens[:, 0] > 3)


CONFIG = original_configuration("protein").from_dict(
    original_configuration("protein").as_dict() | {"embedding_size": 2, "hidden_size": 2, "layers": 1, "batch_size": 2}
)
SMALL = Workload(CONFIG, TrainingSettings(engine="stock"), rows(), VOCABULARY)


class Idle:
    """Goes on like a training, and computes nothing."""

    def one_epoch(self, epoch: int, curves: Curves, on_batch: Callable[[], None]) -> None:
        threading.Event().wait(0.001)
        on_batch()

    def close(self) -> None:
        """Holds nothing."""


@dataclass(frozen=True, eq=False)
class Some(Workload):
    """Idle trainings, of which those from one seed on find no memory."""

    well: int = 100

    def begin(self, seed: int, device: str) -> Idle:
        if seed >= self.well:
            raise OutOfMemoryError("The memory of cuda:0 is not enough.")
        return Idle()


def some(well: int = 100) -> Some:
    return Some(SMALL.config, SMALL.settings, SMALL.rows, SMALL.vocabulary_size, well=well)


@pytest.fixture(autouse=True)
def _ends_its_threads():
    yield
    assert not any(thread.name == "measure-lanes" for thread in threading.enumerate())


def test_it_is_measured_by_what_threads_get_done() -> None:
    assert 1 <= measure_lanes(SMALL, SMALL, "cpu", most=2) <= 2


@pytest.mark.parametrize(
    ("paces", "most", "lanes"),
    [
        ({1: 100.0, 2: 180.0, 4: 300.0, 8: 310.0}, 16, 4),
        ({1: 100.0, 2: 109.0}, 16, 1),
        ({1: 100.0, 2: 111.0, 4: 90.0}, 16, 2),
        ({1: 100.0, 2: 200.0, 3: 300.0}, 3, 3),
        ({}, 1, 1),
    ],
)
def test_twice_as_many_are_worth_it_if_they_get_a_tenth_more_done(
    paces: dict[int, float], most: int, lanes: int
) -> None:
    tried: list[int] = []

    def pace(trainings: Sequence[Training]) -> float:
        tried.append(len(trainings))
        return paces[len(trainings)]

    assert measure_lanes(some(), SMALL, "cpu", most, pace) == lanes
    assert tried == list(paces)


def test_trainings_begin_anew_as_often_as_folds_do() -> None:
    begun: list[int] = []
    thrice = threading.Event()

    class Short(Some):
        steps = 4

        def begin(self, seed: int, device: str) -> Idle:
            begun.append(seed)
            if begun.count(seed) == 3:
                thrice.set()
            return Idle()

    work = Short(SMALL.config, SMALL.settings, SMALL.rows, SMALL.vocabulary_size)
    measure_lanes(work, SMALL, "cpu", most=2, pace=lambda trainings: float(thrice.wait(60)))
    assert thrice.is_set()


def test_more_are_not_tried_where_they_begin_slowly(monkeypatch) -> None:
    monkeypatch.setattr(capacity, "BEGINS_WITHIN_S", 0.0)
    tried: list[int] = []
    assert (
        measure_lanes(some(), SMALL, "cpu", 8, lambda trainings: tried.append(len(trainings)) or 9.0 ** tried[-1]) == 2
    )
    assert tried == [1, 2]


def test_where_nothing_trains_one_at_a_time_is_left_and_the_log_says_why(caplog) -> None:
    assert measure_lanes(some(0), SMALL, "cpu", most=4, pace=len) == 1
    assert "not enough" in caplog.text


def test_one_that_fails_beside_others_ends_the_trial(caplog) -> None:
    assert measure_lanes(some(3), SMALL, "cpu", most=8, pace=len) == 2
    assert "4 trainings at once were tried in vain" in caplog.text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_is_measured_first_thing_in_a_process() -> None:
    code = (
        "from model.gpu.capacity import measure_lanes\n"
        "from test_capacity import SMALL\n"
        "assert 1 <= measure_lanes(SMALL, SMALL, 'cuda:0', most=4) <= 4"
    )
    here = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, str(Path.cwd())])}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200, env=environment)
