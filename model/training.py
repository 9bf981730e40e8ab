"""Training: one fold with its curves, or the final network. A pure function of its arguments."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model import runtime
from model.batching import DistinctRows, Epoch, Examples, consensus, merge, pace, plan_epoch
from model.configuration import LearnerConfig, TrainingSettings
from model.engines import engine_for
from model.epochs import Curves, should_stop
from model.errors import NonFiniteLossError, OutOfMemoryError
from model.network import BiLSTM, build_network
from model.prediction import logits_of, predict, probability

__all__ = ["Curves", "Examples", "FoldResult", "predict", "train_final", "train_fold"]

OnEpoch = Callable[[int, Curves], None]
OnBatch = Callable[[], None]


def _ignore_epoch(epoch: int, curves: Curves) -> None:
    """The default `on_epoch`."""


def _ignore_batch() -> None:
    """The default `on_batch`."""


@dataclass(frozen=True)
class FoldResult:
    """What one fold's training leaves."""

    curves: Curves
    #: [epochs, N_val] float32, P(resistant) of each validation row after each epoch.
    probabilities: NDArray[np.float32]


def train_fold(
    config: LearnerConfig,
    settings: TrainingSettings,
    train: Examples,
    validation: Examples,
    vocabulary_size: int,
    seed: int,
    device: str = "cpu",
    max_epochs: int | None = None,
    on_epoch: OnEpoch = _ignore_epoch,
    on_batch: OnBatch = _ignore_batch,
) -> FoldResult:
    """Trains one fold until `patience` runs out, and records every epoch.

    Args:
        config: The trial's hyperparameters.
        settings: What the study holds fixed.
        train: Rows to learn from.
        validation: Rows to judge by; they never influence the weights.
        vocabulary_size: V, tokens including PAD and UNKNOWN.
        seed: Decides initial weights, order and dropout.
        device: As `runtime.resolve_device` takes it.
        max_epochs: Fewer epochs than the settings': no epoch beyond those that earlier folds ran can be chosen. The
            learning rate's schedule keeps the settings' horizon, so the epochs that are run do not change.
        on_epoch: Called after each epoch with its number (from 1) and the curves so far. May raise to stop.
        on_batch: Called after each batch. May raise to stop.

    Raises:
        NonFiniteLossError: The loss became infinite or not a number.
        OutOfMemoryError: The device has too little memory.
        DataError: The device is not there.
    """
    training = _Training(config, settings, train, vocabulary_size, seed, device)
    distinct = merge(validation)
    curves, history = Curves(), []
    for epoch in range(1, min(max_epochs or settings.max_epochs, settings.max_epochs) + 1):
        history.append(training.one_epoch(epoch, curves, validation, distinct, on_batch))
        on_epoch(epoch, curves)
        if should_stop(curves.validation_loss, settings.patience):
            break
    return FoldResult(curves, np.stack(history))


def train_final(
    config: LearnerConfig,
    settings: TrainingSettings,
    train: Examples,
    vocabulary_size: int,
    epochs: int,
    seed: int,
    device: str = "cpu",
    validation: Examples | None = None,
    on_epoch: OnEpoch = _ignore_epoch,
    on_batch: OnBatch = _ignore_batch,
) -> tuple[BiLSTM, Curves]:
    """Trains for exactly `epochs` epochs and returns the network, in evaluation mode and on the CPU.

    Args:
        epochs: From `choose_epoch`; the schedule's horizon stays the settings', as in the folds.
        validation: Rows whose curve is recorded; they do not influence the weights. None records no such curve.

    For the other arguments and the errors see `train_fold`.
    """
    training = _Training(config, settings, train, vocabulary_size, seed, device)
    distinct = merge(validation) if validation is not None else None
    curves = Curves()
    for epoch in range(1, epochs + 1):
        training.one_epoch(epoch, curves, validation, distinct, on_batch)
        on_epoch(epoch, curves)
    return training.network.cpu().eval(), curves


class _Training:
    """A network on its way, with the optimizer, and the training rows on the device."""

    def __init__(
        self,
        config: LearnerConfig,
        settings: TrainingSettings,
        train: Examples,
        vocabulary_size: int,
        seed: int,
        device: str,
    ) -> None:
        runtime.prepare(settings.threads)
        self.config, self.settings, self.seed = config, settings, seed
        self.device = runtime.resolve_device(device)
        self.rows = merge(train, settings.merge_duplicates)
        self.pace = pace(len(train.labels), len(self.rows.lengths), config.batch_size)
        with _memory_errors(self.device):
            self.network = build_network(config, vocabulary_size, consensus(train.tokens), seed).to(self.device)
            self.data = _DeviceRows.load(self.rows, settings, self.device)
        self.network.engine = engine_for(settings.engine, self.device)
        self.network.seed_dropout(seed)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )

    def one_epoch(
        self,
        epoch: int,
        curves: Curves,
        validation: Examples | None,
        distinct: DistinctRows | None,
        on_batch: OnBatch,
    ) -> NDArray[np.float32]:
        """Trains one epoch, appends to `curves`, and returns P(resistant) of the validation rows."""
        with _memory_errors(self.device), runtime.arithmetic(self.settings.precision, self.device):
            loss, correct = self._pass(epoch, on_batch)
            if not math.isfinite(loss):
                raise NonFiniteLossError(
                    f"The training loss is {loss} after epoch {epoch} (learning rate {self.config.learning_rate:g}).",
                    "Use a lower learning rate.",
                )
            curves.train_loss.append(loss)
            curves.train_accuracy.append(correct)
            if validation is None or distinct is None:
                return np.empty(0, dtype=np.float32)
            logits = logits_of(self.network, distinct.tokens, distinct.lengths, self.device)[distinct.of_row]
        curves.validation_loss.append(float(np.logaddexp(0.0, np.where(validation.labels, -logits, logits)).mean()))
        curves.validation_accuracy.append(float(((logits > 0.0) == validation.labels).mean()))
        return probability(logits)

    def _pass(self, epoch: int, on_batch: OnBatch) -> tuple[float, float]:
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
        return self.config.learning_rate * schedule_factor(self.config.schedule, progress)


#: Longest gradient that is followed as it is; a longer one keeps its direction. LSTMs meet rare, huge gradients.
MAX_GRADIENT_NORM = 5.0
#: Part of a cosine schedule during which the learning rate rises.
WARM_UP = 0.1


def schedule_factor(schedule: str, progress: float) -> float:
    """The learning rate as a part of its peak.

    Args:
        schedule: "constant", or "cosine": a straight rise over the first tenth, then half a cosine down to 0.
        progress: Part of the settings' epochs that is done, 0 to below 1.
    """
    if schedule == "constant":
        return 1.0
    if progress < WARM_UP:
        return 0.1 + 0.9 * progress / WARM_UP
    return 0.5 * (1.0 + math.cos(math.pi * (progress - WARM_UP) / (1.0 - WARM_UP)))


@dataclass(frozen=True)
class _DeviceRows:
    """The distinct training rows on the device, time-major, with what the loss needs."""

    tokens: Tensor  # [T, D] uint8
    lengths: Tensor  # [D] int64
    positives: Tensor  # [D] float32
    negatives: Tensor  # [D] float32
    rows: float  # N, before merging
    positive_weight: float
    negative_weight: float

    @classmethod
    def load(cls, rows: DistinctRows, settings: TrainingSettings, device: torch.device) -> "_DeviceRows":
        positives, negatives = float(rows.positives.sum()), float(rows.negatives.sum())
        total = positives + negatives
        balanced = settings.class_weights == "balanced" and positives > 0 and negatives > 0
        return cls(
            tokens=torch.from_numpy(np.ascontiguousarray(rows.tokens.T)).to(device),
            lengths=torch.from_numpy(rows.lengths).to(device),
            positives=torch.from_numpy(rows.positives).to(device),
            negatives=torch.from_numpy(rows.negatives).to(device),
            rows=total,
            positive_weight=total / (2.0 * positives) if balanced else 1.0,
            negative_weight=total / (2.0 * negatives) if balanced else 1.0,
        )


@contextmanager
def _memory_errors(device: torch.device) -> Iterator[None]:
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(device) from error
    except RuntimeError as error:
        # A CPU out of memory has no exception type of its own in torch.
        if "allocate memory" in str(error) or "bad_alloc" in str(error):
            raise _out_of_memory(device) from error
        raise


def _out_of_memory(device: torch.device) -> OutOfMemoryError:
    return OutOfMemoryError(
        f"The memory of {device} is not enough for this configuration.",
        "Use a smaller batch size, hidden size or encoding, fewer workers on this device, or a larger device.",
    )
