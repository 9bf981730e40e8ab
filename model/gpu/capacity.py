"""How many trainings at once are worth it on a GPU: tried for about a second each, and bounded by its memory.

A small network leaves most of a GPU idle while Python starts its steps, and then several help much; one that fills it
gains nothing from a second, and folds that are over in a moment mostly wait for each other to begin. Which it is
follows from the rows, the networks, the GPU and the processor, so it is tried, with trainings that begin as often as
folds.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch

from model import runtime
from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings
from model.epochs import Curves
from model.fitting import Fitting
from model.gpu.graphs import PLAIN_USES
from model.gpu.lanes import lane

log = logging.getLogger(__name__)

#: More trainings than this gained nothing where it was measured: one process has one interpreter.
MOST_LANES = 16
#: Twice as many trainings are worth it if they get this much more done.
WORTH_IT = 1.1
#: Seconds over which the work of a number of trainings is counted.
WINDOW_S = 0.7
#: Steps of an epoch, at most: no more rows have to be brought to the GPU than it takes to see how fast they go.
MOST_STEPS = 64
#: Share of the rows that a fold trains on: nobody knows the number of folds here, and it matters little.
FOLD = 0.8
#: Seconds of beginning after which no more are tried: trials would begin as slowly.
BEGINS_WITHIN_S = 4.0
#: Seconds after which a training that has not come to its captured steps, or to its end, is waited for no longer.
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
    #: P, that a mutation can have; None where rows are whole sequences.
    positions: int | None = None

    @property
    def steps(self) -> int:
        """Steps of a fold that trains as long as it may."""
        return self.settings.max_epochs * math.ceil(FOLD * len(self.rows.labels) / self.config.batch_size)

    def begin(self, seed: int, device: str) -> Fitting:
        """Begins to train on as many rows as a fold has, if they are not very many."""
        count = min(math.ceil(FOLD * len(self.rows.labels)), MOST_STEPS * self.config.batch_size)
        rows = self.rows.subset(np.random.default_rng(seed).permutation(len(self.rows.labels))[:count])
        return Fitting(
            self.config, self.settings, rows, self.vocabulary_size, seed, device, None, positions=self.positions
        )


class _EndedError(Exception):
    """A training was told to end."""


class Training:
    """Folds that are trained one after another, in a thread of their own, until they are told to end.

    Args:
        work: What is trained.
        seed: Of its weights.
        device: Where.
        end: Tells it to end.
    """

    def __init__(self, work: Workload, seed: int, device: str, end: threading.Event) -> None:
        #: Steps that were taken.
        self.steps = 0
        #: Why it trains no more, where it was not told to end.
        self.error: Exception | None = None
        self._work, self._seed, self._device, self._end = work, seed, device, end
        #: Set once its steps run as they will from then on, or it has ended.
        self._is_settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="measure-lanes", daemon=True)
        self._thread.start()

    def settle(self) -> bool:
        """Waits until its steps run as they will from then on; returns whether they do."""
        return self._is_settled.wait(SETTLES_WITHIN_S) and self.error is None

    def join(self, until: float) -> None:
        """Waits for its end, but not beyond a moment of `time.monotonic`."""
        self._thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        try:
            with lane(runtime.resolve_device(self._device)):
                while not self._end.is_set():
                    with closing(self._work.begin(self._seed, self._device)) as fitting:
                        self._train(fitting, self.steps + self._work.steps)
        except _EndedError:
            pass
        except Exception as error:
            # Whatever it is, it must not end a worker: it goes on with as many as were well.
            self.error = error
        finally:
            self._is_settled.set()

    def _train(self, fitting: Fitting, until: int) -> None:
        epochs = 0
        while self.steps < until:
            fitting.one_epoch(1, Curves(), self._count)
            epochs += 1
            if epochs > PLAIN_USES:
                self._is_settled.set()
        self._is_settled.set()

    def _count(self) -> None:
        self.steps += 1
        if self._end.is_set():
            raise _EndedError


def steps_per_second(trainings: Sequence[Training]) -> float:
    """Counts what trainings do together within a moment."""
    started, before = time.monotonic(), sum(training.steps for training in trainings)
    time.sleep(WINDOW_S)
    return (sum(training.steps for training in trainings) - before) / (time.monotonic() - started)


def measure_lanes(
    typical: Workload,
    largest: Workload,
    device: str,
    most: int = MOST_LANES,
    pace: Callable[[Sequence[Training]], float] = steps_per_second,
) -> int:
    """Measures how many trainings at once get the most done.

    Args:
        typical: What most of them are like.
        largest: What none of them exceeds; so many of these have to fit into the memory that is free.
        device: As `runtime.resolve_device` takes it.
        most: What is not exceeded, 1 or more.
        pace: Says how much trainings that run get done together.

    Returns:
        1 or more; 1 where nothing can be trained at all, which a trial will say better.
    """
    most = min(most, most_that_fit(largest, device))
    end, trainings = threading.Event(), list[Training]()
    lanes, rate = 1, 0.0
    try:
        while len(trainings) < most > 1:
            begun = time.monotonic()
            for seed in range(len(trainings), min(most, max(1, 2 * len(trainings)))):
                trainings.append(Training(typical, seed, device, end))
            if not all(training.settle() for training in trainings):
                _tell_why(trainings)
                break
            if lanes > 1 and time.monotonic() - begun > BEGINS_WITHIN_S:
                break
            now = pace(trainings)
            if now < WORTH_IT * rate:
                break
            lanes, rate = len(trainings), now
    finally:
        end.set()
        # Not for ever: a device that hangs is the first trial's to find out, which is watched.
        until = time.monotonic() + SETTLES_WITHIN_S
        for training in trainings:
            training.join(until)
    return lanes


def most_that_fit(work: Workload, device: str) -> int:
    """Counts how many trainings the free memory of a GPU holds, by one epoch of one of them."""
    place = runtime.resolve_device(device)
    if place.type != "cuda":
        return MOST_LANES
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]  # which asking for memory does not do by itself
        torch.cuda.reset_peak_memory_stats(place)
        held, (free, _) = torch.cuda.memory_allocated(place), torch.cuda.mem_get_info(place)
        with lane(place), closing(work.begin(0, device)) as fitting:
            fitting.one_epoch(1, Curves(), lambda: None)
    except Exception as error:
        # As in a training beside others: trials find out for themselves.
        log.warning("the largest network of the search does not train on %s: %s", device, error)
        return 1
    needed = torch.cuda.max_memory_allocated(place) - held
    return max(1, int(MEMORY_SHARE * free / max(needed, 1)))


def _tell_why(trainings: Sequence[Training]) -> None:
    errors = [training.error for training in trainings if training.error is not None]
    log.warning("%d trainings at once were tried in vain: %s", len(trainings), errors[0] if errors else "no answer")
