"""Fitting: optimizer steps on one network, epoch by epoch. `training` decides how many epochs and for whom."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model import runtime
from model.adam import Adam
from model.batching import Epoch, Examples, consensus, merge, pace, plan_epoch
from model.configuration import LearnerConfig, TrainingSettings
from model.device_rows import DeviceRows, memory_errors
from model.engines import NativeEngine, engine_for
from model.epochs import Curves
from model.errors import NonFiniteLossError
from model.gpu.graphs import GraphRunner
from model.gpu.lanes import wake_gradients
from model.gpu.training import PaddedSteps
from model.native.steps import NativeSteps
from model.network import build_network
from model.prediction import load_distinct, logits_of, probability
from model.regression import begin_at_regression
from model.room import check_room
from model.steps import Learner, PlainSteps, Steps

#: Part of a cosine schedule during which the learning rate rises.
WARM_UP = 0.1


class Fitting:
    """A network on its way, with its optimizer and its rows; the arguments are those of `training.train_fold`.

    Belongs to one thread; `close` gives back what it holds on a GPU beside tensors.
    """

    def __init__(
        self,
        config: LearnerConfig,
        settings: TrainingSettings,
        train: Examples,
        vocabulary_size: int,
        seed: int,
        device: str,
        validation: Examples | None,
        graphs: bool = True,
        positions: int | None = None,
    ) -> None:
        self.config, self.settings, self.seed = config, settings, seed
        self.device = runtime.resolve_device(device)
        engine = engine_for(settings.engine, self.device, settings.threads)
        self.validation = validation
        self.rows = merge(train, settings.merge_duplicates)
        self.pace = pace(len(train.labels), len(self.rows.lengths), config.batch_size)
        if self.device.type == "cpu" and positions is None:
            check_room(config, self.rows.lengths, self.pace, native=isinstance(engine, NativeEngine))
        with memory_errors(self.device):
            wake_gradients(self.device)
            # A mutation is a difference from the consensus: there is no commonest one to begin with.
            commonest = consensus(train.tokens) if positions is None else np.zeros(positions, dtype=np.int64)
            network = build_network(config, vocabulary_size, commonest, seed)
            self.data = DeviceRows.load(self.rows, settings, self.device)
            if config.linear_start == "regression":
                begin_at_regression(network, self.rows, (self.data.positive_weight, self.data.negative_weight))
            self.network = network.to(self.device)
            self.evaluated = None if validation is None else load_distinct(validation, self.device)
        self.network.engine = engine
        self.network.seed_dropout(seed)
        self.optimizer = Adam(self.network.parameters(), config.weight_decay)
        self.runner = GraphRunner(self.device, graphs, lambda: self.network.dropout_stream.generator)
        with memory_errors(self.device):
            self.steps = self._way_of_stepping()

    def _way_of_stepping(self) -> Steps:
        learner = Learner(self.network, self.optimizer, self.data, self.pace.steps / self.data.rows)
        if self.device.type == "cpu":
            engine = self.network.engine
            if self.network.of_mutations and isinstance(engine, NativeEngine):
                return NativeSteps(learner, engine.native)
            return PlainSteps(learner)
        return PaddedSteps(learner, self.rows.lengths, self.pace.steps, self.runner)

    def close(self) -> None:
        """Frees captured graphs and their memory; the network stays as it is."""
        self.runner.close()

    def one_epoch(self, epoch: int, curves: Curves, on_batch: Callable[[], None]) -> NDArray[np.float32]:
        """Trains one epoch and appends to `curves`.

        Args:
            epoch: From 1.
            curves: Of the epochs before.
            on_batch: Called after each batch, of training and of validation.

        Returns:
            [N_val] P(resistant) of the validation rows; empty where there are none.

        Raises:
            NonFiniteLossError: The loss became infinite or not a number.
            OutOfMemoryError: The device has too little memory.
        """
        with memory_errors(self.device), runtime.arithmetic(self.settings.precision, self.device):
            loss, correct = self._pass(epoch, on_batch)
            self._check(loss, "training", epoch)
            logits = self._validation_logits(on_batch)
        curves.train_loss.append(loss)
        curves.train_accuracy.append(correct)
        if self.validation is not None:
            labels = self.validation.labels
            loss = float(np.logaddexp(0.0, np.where(labels, -logits, logits)).mean())
            self._check(loss, "validation", epoch)
            curves.validation_loss.append(loss)
            curves.validation_accuracy.append(float(((logits > 0.0) == labels).mean()))
        return probability(logits)

    def _validation_logits(self, on_batch: Callable[[], None]) -> NDArray[np.float32]:
        if self.evaluated is None:
            return np.empty(0, dtype=np.float32)
        return logits_of(self.network, self.evaluated, self.runner, on_batch)

    def _check(self, loss: float, which: str, epoch: int) -> None:
        if not math.isfinite(loss):
            raise NonFiniteLossError(
                f"The {which} loss is {loss} after epoch {epoch} (learning rate {self.config.learning_rate:g}).",
                "Use a lower learning rate.",
            )

    def _pass(self, epoch: int, on_batch: Callable[[], None]) -> tuple[float, float]:
        """One optimizer step per batch. Returns the epoch's mean loss and accuracy per row."""
        # The order depends on seed and epoch alone, so that an epoch's batches can be told without running the others.
        plan = plan_epoch(
            self.rows.lengths,
            self.rows.positives + self.rows.negatives,
            self.pace,
            np.random.default_rng([self.seed, epoch]),
        )
        self.network.train()
        rates = [self._learning_rate(epoch, step, plan) for step in range(len(plan.batches))]
        # Summed on the device, where they arise: reading them after each batch would stop a GPU.
        totals = self.steps.epoch(plan, rates, on_batch)
        loss, correct = (totals / self.data.rows).tolist()
        return loss, correct

    def _learning_rate(self, epoch: int, step: int, plan: Epoch) -> float:
        progress = (epoch - 1 + step / len(plan.batches)) / self.settings.max_epochs
        return self.config.learning_rate * schedule_factor(self.config.schedule, min(progress, 1.0))


def schedule_factor(schedule: str, progress: float) -> float:
    """The learning rate as a part of its peak.

    Args:
        schedule: "constant", or "cosine": a straight rise over the first tenth, then half a cosine down to 0.
        progress: Part of the settings' epochs that is done, 0 to 1.
    """
    if schedule == "constant":
        return 1.0
    if progress < WARM_UP:
        return 0.1 + 0.9 * progress / WARM_UP
    return 0.5 * (1.0 + math.cos(math.pi * (progress - WARM_UP) / (1.0 - WARM_UP)))
