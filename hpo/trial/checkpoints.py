"""The checkpoint of a fold at work: where a fold that was interrupted goes on, here or on another worker.

It is made between two epochs: when the worker is asked to stop, and every minute of a fold whose epochs are long. A
trial has one name for its checkpoints, so each replaces the one before, and the trial's end removes the last. The
trial's record of it is written first and cleared last: where there is none, there are no bytes. A checkpoint that is
lost, damaged or another training's, or cannot be made, costs time and never the trial.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence

from hpo.stop_times import CHECKPOINT_HURRY_S
from hpo.study.attributes import CHECKPOINT, CheckpointRecord, checkpoint_of
from hpo.study.contract import Contract
from hpo.study.fold_curves import MOST_EPOCHS, rounded
from hpo.trial.held_trial import HeldTrial
from storage.artifacts import ArtifactStore, NamedBlobs, sha256_of
from storage.errors import LeaseLostError, StorageError

#: Seconds of training after which the next end of an epoch makes a checkpoint.
EVERY_S = 60.0
#: What the names of all checkpoints begin with.
FOLDER = "checkpoints/"

log = logging.getLogger(__name__)


def checkpoint_name(contract: Contract, trial: int) -> str:
    """Returns the name of a trial's checkpoint: computed, so that no hostile database can choose it.

    Studies may share their artifacts' place. Two whose contracts are alike in everything, to the second of their
    making, share names too; a checkpoint tells the training that it is of, so all that costs is a fold begun anew.

    Args:
        contract: The study's; its name stands in it.
        trial: The trial's number.
    """
    frozen = json.dumps(contract.model_dump(mode="json"), sort_keys=True)
    return f"{FOLDER}{sha256_of(frozen.encode())[:32]}-{trial}"


class Checkpoints:
    """The checkpoints of one trial that we hold.

    Args:
        artifacts: Where their bytes are.
        contract: The study's.
        trial: The trial.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        artifacts: ArtifactStore,
        contract: Contract,
        trial: HeldTrial,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._artifacts, self._trial, self._clock = artifacts, trial, clock
        self._name = checkpoint_name(contract, trial.number)
        self._fold = 0
        self._started = self._saved = clock()
        self._seconds_before = 0.0

    def begin(self, fold: int) -> bytes | None:
        """Begins a fold; returns the state of its training in the latest checkpoint, None where there is none."""
        self._fold, self._seconds_before = fold, 0.0
        self._started = self._saved = self._clock()
        record = checkpoint_of(self._trial.attributes)
        if record is None or record.fold != fold:
            return None
        try:
            # Waited for like any other artifact: it may save an hour of training.
            state = NamedBlobs(self._artifacts).read(self._name)
        except StorageError as error:
            self.begin_anew(error)
            return None
        self._seconds_before = record.seconds
        log.info("%s: goes on after epoch %d", self._shown, record.epochs)
        return state

    def begin_anew(self, why: object) -> None:
        """Says why the checkpoint is of no use."""
        log.warning("%s begins anew: %s", self._shown, why)
        self._seconds_before = 0.0

    @property
    def seconds(self) -> float:
        """Seconds that the fold has been trained, by the workers before us too."""
        return self._seconds_before + self._clock() - self._started

    @property
    def is_due(self) -> bool:
        """Whether the time for another has come."""
        return self._clock() - self._saved >= EVERY_S

    def save(self, make: Callable[[], bytes], accuracies: Sequence[float]) -> bool:
        """Stores a checkpoint in the place of the one before. Where that fails, training goes on without.

        Args:
            make: Writes the training's state down.
            accuracies: Of the fold's validation, after each epoch that it was trained.

        Returns:
            Whether it is stored.

        Raises:
            LeaseLostError: We no longer hold the trial; what its next worker has stored is untouched.
        """
        epochs = len(accuracies)
        told = rounded(accuracies) if epochs <= MOST_EPOCHS else []
        stored = False
        record = CheckpointRecord(fold=self._fold, epochs=epochs, seconds=round(self.seconds, 3), accuracies=told)
        try:
            state = make()
            self._trial.record({CHECKPOINT: record.as_dict()})
            self._hurried.write(self._name, state)
        except LeaseLostError:
            raise
        except Exception as error:
            # Whatever it was: a full disk, too little memory, a storage that is away. The fold itself is well.
            log.warning("%s: no checkpoint after epoch %d: %s", self._shown, epochs, error)
        else:
            stored = True
            log.info("%s: checkpoint after epoch %d", self._shown, epochs)
        self._saved = self._clock()
        return stored

    def remove(self) -> None:
        """Removes what the trial has when it ends, and clears its record.

        Raises:
            LeaseLostError: We no longer hold it.
            StorageUnavailableError: The storage does not answer.
        """
        if self._trial.attributes.get(CHECKPOINT) is None:
            return
        try:
            self._hurried.remove(self._name)
        except Exception as error:
            # The record stays, and says that there may be something.
            log.debug("trial %d: its checkpoint is not removed: %s", self._trial.number, error)
            return
        self._trial.record({CHECKPOINT: None})

    @property
    def _hurried(self) -> NamedBlobs:
        return NamedBlobs(self._artifacts.in_a_hurry(self._trial.wait_s(CHECKPOINT_HURRY_S)))

    @property
    def _shown(self) -> str:
        return f"trial {self._trial.number} fold {self._fold}"
