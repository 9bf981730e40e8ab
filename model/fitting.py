"""Fitting: optimizer steps on one network, epoch by epoch. `training` decides how many epochs and for whom."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model import runtime
from model.batching import Epoch, Examples, consensus, merge, pace, plan_epoch
from model.configuration import LearnerConfig, TrainingSettings
from model.device_rows import DeviceRows, EvaluationRows, memory_errors
from model.engines import engine_for
from model.epochs import Curves
from model.errors import NonFiniteLossError
from model.network import build_network
from model.prediction import EVALUATION_BATCH, logits_of, probability

#: Longest gradient that is followed as it is; a longer one keeps its direction. LSTMs meet rare, huge gradients.
MAX_GRADIENT_NORM = 5.0
#: Part of a cosine schedule during which the learning rate rises.
WARM_UP = 0.1


class Fitting:
    """A network on its way, with its optimizer and its rows; the arguments are those of `training.train_fold`."""

    def __init__(
        self,
        config: LearnerConfig,
        settings: TrainingSettings,
        train: Examples,
        vocabulary_size: int,
        seed: int,
        device: str,
        validation: Examples | None,
    ) -> None:
        self.config, self.settings, self.seed = config, settings, seed
        self.device = runtime.resolve_device(device)
        engine = engine_for(settings.engine, self.device, settings.threads)
        self.validation = validation
        self.rows = merge(train, settings.merge_duplicates)
        self.pace = pace(len(train.labels), len(self.rows.lengths), config.batch_size)
        with memory_errors(self.device):
            self.network = build_network(config, vocabulary_size, consensus(train.tokens), seed).to(self.device)
            self.data = DeviceRows.load(self.rows, settings, self.device)
            self.evaluated = (
                None if validation is None else EvaluationRows.load_distinct(validation, self.device, EVALUATION_BATCH)
            )
        self.network.engine = engine
        self.network.seed_dropout(seed)
        # One call for all weights: a fifth of the time of one after another, which small networks notice.
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )

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
        return logits_of(self.network, self.evaluated, on_batch)

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
        order = torch.from_numpy(plan.rows).to(self.device)
        share = torch.from_numpy(plan.share).to(self.device)
        totals = torch.zeros(2, device=self.device)  # summed where they arise: reading them here would stop a GPU
        self.network.train()
        for step, batch in enumerate(plan.batches):
            rate = self._learning_rate(epoch, step, plan)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            part = slice(batch.start, batch.stop)
            totals += self._step(order[part], share[part], batch.longest)
            on_batch()
        loss, correct = (totals / self.data.rows).tolist()
        return loss, correct

    def _step(self, rows: Tensor, share: Tensor, longest: int) -> Tensor:
        """One optimizer step. Returns [2]: summed loss without class weights, and rows told right."""
        data = self.data
        tokens = data.tokens[:longest].index_select(1, rows)
        logits = self.network(tokens, data.lengths[rows])
        resistant, susceptible = data.positives[rows] * share, data.negatives[rows] * share
        if_resistant, if_susceptible = functional.softplus(-logits), functional.softplus(logits)
        weighted = resistant * if_resistant * data.positive_weight + susceptible * if_susceptible * data.negative_weight
        # Divided by an average batch's rows, not by this batch's: every row then counts alike over an epoch.
        loss = weighted.sum() * (self.pace.steps / data.rows)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        with torch.no_grad():
            plain = (resistant * if_resistant + susceptible * if_susceptible).sum()
            right = torch.where(logits > 0.0, resistant, susceptible).sum()
            return torch.stack([plain, right])

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
