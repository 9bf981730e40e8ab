"""The checkpoint of a fold at work: where a fold that was interrupted goes on, here or on another worker.

A trial has at most one. It is made between two epochs: when the worker is asked to stop, and every minute of a fold
whose epochs are long. It goes when its fold or its trial is finished. A checkpoint that is lost or damaged, or cannot
be made, costs time and never the trial.

Its bytes begin with a line that says whose they are and is like no other: no two checkpoints are one artifact, and none
is removed but by whoever made it, or found in it what its trial calls its own. Bytes that are about to be written or
removed have their name in the trial before: whoever goes on after a death removes them.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from hpo.study.attributes import CHECKPOINT, CHECKPOINT_LEFT, CheckpointRecord, checkpoint_of
from hpo.trial.held_trial import HeldTrial
from storage.artifacts import ArtifactStore, sha256_of
from storage.errors import ArtifactCorruptError, ArtifactMissingError, LeaseLostError, StorageError

#: Seconds of training after which the next end of an epoch makes a checkpoint.
EVERY_S = 60.0
#: Seconds that a call to artifacts which do not answer is tried again: no checkpoint is worth more, and whoever asked
#: the worker to stop may be waiting for it.
HURRY_S = 3.0
#: What its bytes begin with; the rest of the line is JSON.
MARK = b"hpo checkpoint "

log = logging.getLogger(__name__)


def remove_what_was_left(artifacts: ArtifactStore, trial: HeldTrial) -> None:
    """Removes what a worker was writing or removing when it died, or could not remove.

    Args:
        artifacts: Where its bytes are, if they are.
        trial: The trial, which we hold.
    """
    named = checkpoint_of(trial.attributes)
    left = [artifact for artifact in _left(trial) if named is None or artifact != named.artifact]
    _remove(left, artifacts.in_a_hurry(HURRY_S), trial)


def discard(artifacts: ArtifactStore, trial: HeldTrial) -> None:
    """Removes the checkpoint of a trial that ends before its fold does: it was pruned, or cannot be trained.

    Args:
        artifacts: Where its bytes are.
        trial: The trial, which we hold.

    Raises:
        LeaseLostError: We no longer hold it.
        StorageUnavailableError: The storage does not answer.
    """
    record = checkpoint_of(trial.attributes)
    if record is not None:
        trial.record({CHECKPOINT: None, CHECKPOINT_LEFT: [*_left(trial), record.artifact]})
    remove_what_was_left(artifacts, trial)


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
        self._artifacts, self._hurried = artifacts, artifacts.in_a_hurry(HURRY_S)
        self._trial, self._fold, self._clock = trial, fold, clock
        self._name = f"trial {trial.number} fold {fold}"
        #: The artifact that the trial names, as far as we know.
        self._named: list[str] = []
        #: Those that may lie there for nothing.
        self._left = _left(trial)
        self._started = self._saved = clock()
        self._seconds_before = 0.0

    def read(self) -> bytes | None:
        """The state of the fold's training in the latest checkpoint; None where there is none."""
        record = checkpoint_of(self._trial.attributes)
        if record is None or record.fold != self._fold:
            return None
        self._named = [record.artifact]
        try:
            line, _, state = self._artifacts.get(record.artifact).partition(b"\n")
        except StorageError as error:
            self.begin_anew(error)
            return None
        if _whose(line) != self._whose():
            self.begin_anew("these bytes are not its checkpoint")
            return None
        self._seconds_before = record.seconds
        log.info("%s: goes on after epoch %d", self._name, record.epochs)
        return state

    def begin_anew(self, why: object) -> None:
        """Says why the checkpoint is of no use."""
        log.warning("%s begins anew: %s", self._name, why)
        self._seconds_before = 0.0

    @property
    def seconds(self) -> float:
        """Seconds that the fold has been trained, by the workers before us too."""
        return self._seconds_before + self._clock() - self._started

    @property
    def is_due(self) -> bool:
        """Whether the time for another has come."""
        return self._clock() - self._saved >= EVERY_S

    def save(self, make: Callable[[], bytes], epochs: int) -> None:
        """Stores a checkpoint in the place of the one before. Where that fails, training goes on without.

        Args:
            make: Writes the training's state down.
            epochs: Epochs that the fold was trained.

        Raises:
            LeaseLostError: We no longer hold the trial.
        """
        line = MARK + json.dumps([*self._whose(), uuid.uuid4().hex]).encode()
        artifact = ""
        try:
            state = line + b"\n" + make()
            artifact = sha256_of(state)
            self._trial.record({CHECKPOINT_LEFT: [*self._left, artifact]})
            self._left.append(artifact)
            self._hurried.put(state)
            self._record(artifact, epochs)
        except LeaseLostError:
            # Nobody knows of this one. What was left earlier may be named by the trial that another has now.
            _remove([artifact], self._hurried, self._trial)
            raise
        except Exception as error:
            # Whatever it was: a full disk, too little memory, a storage that is away. The fold itself is well.
            log.warning("%s: no checkpoint after epoch %d: %s", self._name, epochs, error)
        else:
            log.info("%s: checkpoint after epoch %d", self._name, epochs)
        self._saved = self._clock()

    @property
    def gone(self) -> dict[str, Any]:
        """The trial's attributes when it has no checkpoint any more; `remove` comes next."""
        return {CHECKPOINT: None, CHECKPOINT_LEFT: [*self._left, *self._named]}

    def remove(self) -> None:
        """Removes the bytes of all checkpoints, none of which the trial names any more."""
        self._left = _remove([*self._left, *self._named], self._hurried, self._trial)
        self._named = []

    def _record(self, artifact: str, epochs: int) -> None:
        new = CheckpointRecord(fold=self._fold, artifact=artifact, epochs=epochs, seconds=round(self.seconds, 3))
        left = [other for other in [*self._left, *self._named] if other != artifact]
        self._trial.record({CHECKPOINT: new.as_dict(), CHECKPOINT_LEFT: left})
        self._named = [artifact]
        self._left = _remove(left, self._hurried, self._trial)

    def _whose(self) -> list[Any]:
        return [self._trial.study_name, self._trial.number, self._fold]


def _left(trial: HeldTrial) -> list[str]:
    stored = trial.attributes.get(CHECKPOINT_LEFT)
    return [artifact for artifact in stored if isinstance(artifact, str)] if isinstance(stored, list) else []


def _remove(left: Sequence[str], artifacts: ArtifactStore, trial: HeldTrial) -> list[str]:
    """Removes checkpoints of the trial's; returns those that may still be there."""
    for at, artifact in enumerate(left):
        try:
            # A hostile database may name anything.
            line, _, _ = artifacts.get(artifact).partition(b"\n")
            if _whose(line)[:2] == [trial.study_name, trial.number]:
                artifacts.remove(artifact)
        except (ArtifactMissingError, ArtifactCorruptError):
            continue
        except Exception as error:
            # The first that cannot be removed ends it: each of them would be waited for.
            log.debug("trial %d: a checkpoint is not removed: %s", trial.number, error)
            return list(left[at:])
    return []


def _whose(line: bytes) -> list[Any]:
    """Study, trial and fold by a checkpoint's first line; nothing where it is no checkpoint."""
    if not line.startswith(MARK):
        return []
    try:
        *whose, _ = json.loads(line.removeprefix(MARK))
    except (ValueError, TypeError, RecursionError):
        return []
    return list(whose)
