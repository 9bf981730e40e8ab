"""How many trainings at once are worth it on a GPU: tried for about a second each, and bounded by its memory.

A small network leaves most of a GPU idle while Python starts its steps, and then several help much; one that fills it
gains nothing from a second. Which it is follows from the rows, the networks, the GPU and the processor, so it is tried.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from model import runtime
from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings
from model.epochs import Curves
from model.errors import TrainingError
from model.fitting import Fitting
from model.gpu.graphs import PLAIN_USES
from model.gpu.lanes import lane

#: More trainings than this gained nothing where it was measured: one process has one interpreter.
MOST_LANES = 16
#: Twice as many trainings are worth it if they get this much more done.
WORTH_IT = 1.1
#: Seconds over which the work of a number of trainings is counted.
WINDOW_S = 0.2
#: Steps of an epoch: it waits for the GPU at its end, which many steps make rare.
STEPS = 32
#: Seconds after which a training that has not come to its captured steps is left out.
SETTLES_WITHIN_S = 30.0
#: Share of the free memory that the largest networks of all lanes together may need.
MEMORY_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Workload:
    """What a lane trains."""

    config: LearnerConfig
    settings: TrainingSettings
    rows: Examples
    #: V, tokens including PAD and UNKNOWN.
    vocabulary_size: int

    def begin(self, seed: int, device: str) -> Fitting:
        """Begins to train on a few of the rows, repeated where there are fewer."""
        few = np.resize(np.arange(len(self.rows.labels)), STEPS * self.config.batch_size)
        return Fitting(self.config, self.settings, self.rows.subset(few), self.vocabulary_size, seed, device, None)


def measure_lanes(typical: Workload, largest: Workload, device: str, most: int = MOST_LANES) -> int:
    """Measures how many trainings at once get the most done.

    Args:
        typical: What most of them are like.
        largest: What none of them exceeds; so many of these have to fit into the memory that is free.
        device: As `runtime.resolve_device` takes it.
        most: What is not exceeded, 1 or more.

    Returns:
        1 or more.
    """
    most = min(most, most_that_fit(largest, device))
    lanes, rate = 1, 0.0
    with ExitStack() as running:
        trainings: list[_Training] = []
        while len(trainings) < most:
            for seed in range(len(trainings), min(most, max(1, 2 * len(trainings)))):
                trainings.append(running.enter_context(_training(partial(typical.begin, seed, device), device)))
            if not all(training.runs_well() for training in trainings):
                break
            now = _steps_per_second(trainings)
            if now < WORTH_IT * rate:
                break
            lanes, rate = len(trainings), now
    return lanes


def most_that_fit(work: Workload, device: str) -> int:
    """Counts how many trainings the free memory of a GPU holds, by one epoch of one of them."""
    place = runtime.resolve_device(device)
    if place.type != "cuda":
        return MOST_LANES
    torch.cuda.reset_peak_memory_stats(place)
    held, (free, _) = torch.cuda.memory_allocated(place), torch.cuda.mem_get_info(place)
    try:
        with lane(place), closing(work.begin(0, device)) as fitting:
            fitting.one_epoch(1, Curves(), lambda: None)
    except TrainingError:
        return 1
    needed = torch.cuda.max_memory_allocated(place) - held
    return max(1, int(MEMORY_SHARE * free / max(needed, 1)))


class _Training:
    """A training that goes on until it is told to end."""

    def __init__(self) -> None:
        self.steps = 0
        self.end = threading.Event()
        #: Set once its steps run as they will from then on, or it has failed.
        self._is_settled = threading.Event()
        self._is_well = False

    def run(self, begin: Callable[[], Fitting], device: str) -> None:
        """Trains epoch after epoch."""
        # One that fails must not end a worker: it goes on with as many as were well.
        with suppress(TrainingError), lane(runtime.resolve_device(device)), closing(begin()) as fitting:
            epochs = 0
            while not self.end.is_set():
                fitting.one_epoch(1, Curves(), self._count)
                epochs += 1
                if epochs > PLAIN_USES:
                    self._is_well = True
                    self._is_settled.set()
        self._is_well = False
        self._is_settled.set()

    def runs_well(self) -> bool:
        """Waits until it is settled, and returns whether it trains."""
        return self._is_settled.wait(SETTLES_WITHIN_S) and self._is_well

    def _count(self) -> None:
        self.steps += 1


@contextmanager
def _training(begin: Callable[[], Fitting], device: str) -> Iterator[_Training]:
    training = _Training()
    thread = threading.Thread(target=training.run, args=(begin, device), name="measure-lanes", daemon=True)
    thread.start()
    try:
        yield training
    finally:
        training.end.set()
        thread.join()


def _steps_per_second(trainings: Sequence[_Training]) -> float:
    """Counts what all of them do within a moment."""
    started, before = time.monotonic(), sum(training.steps for training in trainings)
    time.sleep(WINDOW_S)
    return (sum(training.steps for training in trainings) - before) / (time.monotonic() - started)
