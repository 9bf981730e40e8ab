"""Genes by their mutations: the native training beside the ways through torch, in one process, taking turns.

Times are CPU seconds of the process, one thread: what else the machine does counts little.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings
from model.epochs import Curves
from model.fitting import Fitting
from model.ragged import Ragged
from model.steps import Learner, PlainSteps

#: Letters, positions of a gene of middle length, and size of their vectors.
LETTERS, POSITIONS, EMBEDDING = 24, 300, 32
LONGEST = 30


@dataclass(frozen=True)
class MutationCase:
    """A network and its rows."""

    batch: int
    hidden: int
    layers: int
    mutations: int  # of a row, on average

    @property
    def name(self) -> str:
        """In words."""
        layers = "1 layer" if self.layers == 1 else f"{self.layers} layers"
        return f"B={self.batch}, H={self.hidden}, {layers}, {self.mutations} mutations"

    @property
    def rows(self) -> int:
        """Rows of an epoch."""
        return max(2000, 4 * self.batch)

    def examples(self) -> Examples:
        """Random mutations, so that nothing but time is measured."""
        random = np.random.default_rng(0)
        lengths = np.clip(random.poisson(self.mutations, self.rows), 1, LONGEST)
        places = np.sort(np.argsort(random.random((self.rows, POSITIONS)))[:, :LONGEST])
        tokens = (places * LETTERS + random.integers(2, LETTERS, places.shape)).astype(np.int32)
        return Examples(Ragged.of_padded(tokens, lengths), random.random(self.rows) < 0.5)

    def fitting(self, engine: str) -> Fitting:
        """A training that takes its steps as the engine has it."""
        config = LearnerConfig(
            encoding="mutation",
            embedding_size=EMBEDDING,
            hidden_size=self.hidden,
            layers=self.layers,
            dropout=0.2,
            pooling="mean",
            learning_rate=1e-3,
            batch_size=self.batch,
            weight_decay=0.01,
            schedule="constant",
            linear="by_position",
        )
        settings = TrainingSettings(engine=engine, merge_duplicates=False)  # type: ignore[arg-type]
        return Fitting(config, settings, self.examples(), LETTERS, 0, "cpu", None, positions=POSITIONS)


CASES = tuple(MutationCase(*sizes) for sizes in product((32, 128, 400), (16, 32, 64), (1, 2), (3, 10)))


def measure(case: MutationCase, repetitions: int) -> Iterator[dict[str, Any]]:
    """Tells CPU seconds of each epoch, and the optimizer steps in it, of every way; the first epochs warm up."""
    ways = {"nn.LSTM": case.fitting("stock"), "native layer": case.fitting("native"), "native": case.fitting("native")}
    layer = ways["native layer"]
    layer.steps = PlainSteps(Learner(layer.network, layer.optimizer, layer.data, layer.pace.steps / layer.data.rows))
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for epoch in range(1, repetitions + 2):
        for way, fitting in ways.items():
            began = time.process_time()
            fitting.one_epoch(epoch, Curves(), lambda: None)
            seconds[way].append(time.process_time() - began)
    for way, took in seconds.items():
        yield {"variant": way, "rows": case.rows, "steps": layer.pace.steps, "seconds": took[1:]}


def cpu() -> str:
    """Names this machine's CPU."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"
