"""The checkpoint of a fold at work: where a fold that was interrupted goes on, here or on another worker.

A trial has at most one. It is made between two epochs: when the worker is asked to stop, and every minute of a fold
whose epochs are long. It goes when its fold is finished. A checkpoint that is lost or damaged costs time, never the
trial.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from hpo.attributes import CHECKPOINT, CheckpointRecord, checkpoint_of
from hpo.held import HeldTrial
from storage.artifacts import ArtifactStore
from storage.errors import LeaseLostError, StorageError

#: Seconds of training after which the next end of an epoch makes a checkpoint.
EVERY_S = 60.0

log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one fold of a trial that we hold.

    Args:
        artifacts: Where their bytes are.
        trial: The trial.
        fold: The fold.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        artifacts: ArtifactStore,
        trial: HeldTrial,
        fold: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._artifacts, self._trial, self._fold, self._clock = artifacts, trial, fold, clock
        self._latest = checkpoint_of(trial.attributes)
        self._started = self._saved = clock()
        self._seconds_before = 0.0

    def read(self) -> bytes | None:
        """The latest checkpoint's bytes; None where there is none of this fold."""
        if self._latest is None or self._latest.fold != self._fold:
            return None
        try:
            data = self._artifacts.get(self._latest.artifact)
        except StorageError as error:
            self.begin_anew(error)
            return None
        log.info("trial %d fold %d: goes on after epoch %d", self._trial.number, self._fold, self._latest.epochs)
        self._seconds_before = self._latest.seconds
        return data

    def begin_anew(self, error: Exception) -> None:
        """Says why the checkpoint is of no use."""
        log.warning("trial %d fold %d begins anew: %s", self._trial.number, self._fold, error)
        self._seconds_before = 0.0

    @property
    def seconds(self) -> float:
        """Seconds that the fold has been trained, by the workers before us too."""
        return self._seconds_before + self._clock() - self._started

    @property
    def is_due(self) -> bool:
        """Whether the time for another has come."""
        return self._clock() - self._saved >= EVERY_S

    def save(self, data: bytes, epochs: int) -> None:
        """Stores a checkpoint in the place of the one before. Where that fails, training goes on without.

        Args:
            data: Its bytes.
            epochs: Epochs that the fold was trained.

        Raises:
            LeaseLostError: We no longer hold the trial.
        """
        artifact = ""
        try:
            artifact = self._artifacts.put(data)
            new = CheckpointRecord(fold=self._fold, artifact=artifact, epochs=epochs, seconds=round(self.seconds, 3))
            self._trial.record({CHECKPOINT: new.as_dict()})
        except StorageError as error:
            if artifact and (self._latest is None or self._latest.artifact != artifact):
                self._remove(artifact)
            if isinstance(error, LeaseLostError):
                raise
            log.warning(
                *("trial %d fold %d: no checkpoint after epoch %d: %s", self._trial.number, self._fold, epochs, error)
            )
        else:
            self.remove()
            self._latest = new
            log.info("trial %d fold %d: checkpoint after epoch %d", self._trial.number, self._fold, epochs)
        self._saved = self._clock()

    def remove(self) -> None:
        """Removes the latest checkpoint's bytes; the trial no longer names them."""
        if self._latest is not None:
            self._remove(self._latest.artifact)
            self._latest = None

    def _remove(self, artifact: str) -> None:
        # What stays lies there for nothing, and that is all.
        with suppress(StorageError):
            self._artifacts.remove(artifact)
