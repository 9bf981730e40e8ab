"""Training: one fold with its curves, or the final network. A pure function of its arguments."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from model import runtime
from model.batching import Examples
from model.checkpoint import read_checkpoint, write_checkpoint
from model.configuration import LearnerConfig, TrainingSettings
from model.engines import StockEngine
from model.epochs import Curves, should_stop
from model.errors import CheckpointError
from model.fitting import Fitting
from model.gpu.lanes import lane
from model.network import BiLSTM
from model.prediction import predict

__all__ = ["Curves", "Examples", "FoldResult", "predict", "train_final", "train_fold"]

#: Called between two epochs with the curves so far, and with what makes a checkpoint of the training as it stands.
OnEpoch = Callable[[Curves, Callable[[], bytes]], None]
OnBatch = Callable[[], None]


def _ignore_epoch(curves: Curves, checkpoint: Callable[[], bytes]) -> None:
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
    positions: int | None = None,
    max_epochs: int | None = None,
    checkpoint: bytes | None = None,
    on_epoch: OnEpoch = _ignore_epoch,
    on_batch: OnBatch = _ignore_batch,
    graphs: bool = True,
) -> FoldResult:
    """Trains one fold until `patience` runs out, and records every epoch.

    Args:
        config: The trial's hyperparameters.
        settings: What the study holds fixed.
        train: Rows to learn from.
        validation: Rows to judge by; they never influence the weights.
        vocabulary_size: V, letters including PAD and UNKNOWN.
        seed: Decides initial weights, order and dropout.
        device: As `runtime.resolve_device` takes it.
        positions: P, that a mutation can have; None where rows are whole sequences.
        max_epochs: Fewer epochs than the settings': no epoch beyond those that earlier folds ran can be chosen. The
            learning rate's schedule keeps the settings' horizon, so the epochs that are run do not change.
        checkpoint: What an earlier training with the same arguments left between two epochs: this one goes on there
            and ends with the numbers that the earlier one would have had.
        on_epoch: Called between two epochs: not after the last, with which the fold is finished. May raise to stop.
        on_batch: Called after each batch, the validation's too. May raise to stop.
        graphs: Whether a GPU's steps are captured as CUDA graphs; the numbers do not depend on it.

    Raises:
        CheckpointError: The checkpoint is none, or another training's.
        NonFiniteLossError: The loss became infinite or not a number.
        OutOfMemoryError: The device has too little memory.
        DataError: The device is not there.
    """
    last = min(max_epochs or settings.max_epochs, settings.max_epochs)
    with _fitting(config, settings, train, vocabulary_size, seed, device, validation, graphs, positions) as fitting:
        curves, history = Curves(), list[NDArray[np.float32]]()
        if checkpoint is not None:
            curves, history = read_checkpoint(checkpoint, fitting, rows=len(validation.labels))
            if not 0 < curves.epochs < last:
                raise CheckpointError(f"The checkpoint is of epoch {curves.epochs}; only {last} are to be trained.")
        while True:
            history.append(fitting.one_epoch(curves.epochs + 1, curves, on_batch))
            if curves.epochs >= last or should_stop(curves.validation_loss, settings.patience):
                return FoldResult(curves, np.stack(history))
            on_epoch(curves, partial(write_checkpoint, fitting, curves, history))


@contextmanager
def _fitting(
    config: LearnerConfig,
    settings: TrainingSettings,
    train: Examples,
    vocabulary_size: int,
    seed: int,
    device: str,
    validation: Examples | None,
    graphs: bool,
    positions: int | None,
) -> Iterator[Fitting]:
    """Begins a training on a stream of its own, and frees at the end what it holds."""
    with (
        lane(runtime.resolve_device(device)),
        closing(
            Fitting(config, settings, train, vocabulary_size, seed, device, validation, graphs, positions)
        ) as fitting,
    ):
        yield fitting


def train_final(
    config: LearnerConfig,
    settings: TrainingSettings,
    train: Examples,
    vocabulary_size: int,
    epochs: int,
    seed: int,
    device: str = "cpu",
    positions: int | None = None,
    validation: Examples | None = None,
    on_batch: OnBatch = _ignore_batch,
    graphs: bool = True,
) -> tuple[BiLSTM, Curves]:
    """Trains for exactly `epochs` epochs and returns the network, in evaluation mode and on the CPU.

    Args:
        config: As `train_fold` takes it, like all that is not explained here; so are the errors.
        settings: Likewise.
        train: Likewise.
        vocabulary_size: V.
        epochs: From `choose_epoch`; the schedule's horizon stays the settings', as in the folds.
        seed: As `train_fold` takes it.
        device: Likewise.
        positions: Likewise.
        validation: Rows whose curve is recorded; they do not influence the weights. None records no such curve.
        on_batch: As `train_fold` takes it.
        graphs: Likewise.
    """
    with _fitting(config, settings, train, vocabulary_size, seed, device, validation, graphs, positions) as fitting:
        curves = Curves()
        for epoch in range(1, epochs + 1):
            fitting.one_epoch(epoch, curves, on_batch)
        network = fitting.network.cpu().eval()
        if fitting.device.type != "cpu":
            network.engine = StockEngine()  # a GPU's holds memory there
        return network, curves
