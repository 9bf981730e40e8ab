"""One trial: its configuration, its folds one after another, and how it ends.

A fold that was finished, here or on a worker that is gone, is read back and never trained again; one that was
interrupted goes on at its checkpoint. The trial's accuracies are taken at one epoch, common to its folds, so the value
of a trial depends on the folds done and on nothing else.
"""

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass

from optuna.trial import TrialState

from hpo.errors import DeviceFullError, DeviceLostError, HpoError, Parked, StopRequested
from hpo.logs import about
from hpo.stop_times import STORAGE_HURRY_S
from hpo.study.attributes import CONFIGURATION, TRAINED_BY, TRAINING
from hpo.trial.adoption import Adoption
from hpo.trial.ahead import FoldAhead
from hpo.trial.checkpoints import Checkpoints
from hpo.trial.common_epoch import Finished, first_folds, scored, value_of
from hpo.trial.fold_results import read_finished, told_of, write_fold
from hpo.trial.fold_training import FoldTraining
from hpo.trial.held_trial import HeldTrial
from hpo.trial.rate import Rate
from hpo.trial.recording import record_folds
from hpo.trial.twins import fingerprint, take_over
from model.configuration import LearnerConfig
from model.epochs import choose_epoch
from model.errors import CheckpointError, OutOfMemoryError, TrainingError
from model.runtime import computes
from model.training import Curves, FoldResult
from storage.errors import StorageError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a trial ended."""

    state: TrialState
    #: Mean score of the finished folds at their common epoch; None where the trial failed.
    value: float | None = None
    #: Why it failed.
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrialRunner(FoldTraining):
    """Runs trials of one study on one device. It keeps nothing of a trial: one serves any number, and threads."""

    def run(self, trial: HeldTrial) -> Outcome:
        """Trains what is left of a trial, and removes its checkpoint.

        Raises:
            StopRequested: The worker is to stop, or to begin no other fold; finished folds stay recorded.
            Parked: Others are worth more.
            LeaseLostError: The trial is another's.
            DeviceLostError: The device computes nothing any more.
            DeviceFullError: Its memory ran out, and others had some of it.
            StorageError, HpoError, OSError: Not the configuration's fault: others may have more luck with it.
        """
        checkpoints = Checkpoints(self.artifacts, self.contract, trial, self.clock)
        outcome = self._to_its_end(trial, checkpoints)
        # Here and not with the last fold: a trial may fail, or be pruned before the fold that was interrupted.
        checkpoints.remove()
        return outcome

    def train_ahead(self, fold: FoldAhead) -> bool:
        """Trains a fold of a trial that another holds; answer and errors as `FoldAhead.train`."""
        return fold.train(self)

    def _to_its_end(self, trial: HeldTrial, checkpoints: Checkpoints) -> Outcome:
        try:
            return self._folds(trial, checkpoints)
        except OutOfMemoryError as error:
            if self.has_company():
                raise DeviceFullError(f"Trial {trial.number}: {error.message}") from error
            return Outcome(state=TrialState.FAIL, reason=str(error))
        except TrainingError as error:
            return Outcome(state=TrialState.FAIL, reason=str(error))
        except (StopRequested, Parked, StorageError, HpoError, OSError):
            raise
        except Exception as error:
            log.exception("trial %d: unexpected error", trial.number)
            if not computes(self.device):
                # After an error inside a GPU's kernel every later call fails: so would every trial in the queue.
                raise DeviceLostError(f"Trial {trial.number}: {self.device} failed: {error}.") from error
            return Outcome(state=TrialState.FAIL, reason=f"{type(error).__name__}: {error}")

    def _folds(self, trial: HeldTrial, checkpoints: Checkpoints) -> Outcome:
        begins = CONFIGURATION not in trial.attributes
        config = self._configuration(trial)
        folds = self.contract.splitting.folds
        # Folds finished before, by this worker or another, are not trained again.
        objective = self.contract.search.objective
        finished = read_finished(trial.number, trial.attributes, self.artifacts, self.development, objective)
        if begins:
            take_over(trial, config, finished, self.contract, self.artifacts, self.development)
        adoption = Adoption(self, trial, config)
        for fold in range(folds):
            if fold in finished:
                continue
            if self._ends_before(fold, trial):
                return Outcome(state=TrialState.PRUNED, value=value_of(finished))
            if trial.stopping:
                raise StopRequested
            with about(fold=fold):
                self._one_fold(trial, config, fold, finished, checkpoints, adoption)
            if len(finished) < folds:
                self._ask_what_next(trial)
        return Outcome(state=TrialState.COMPLETE, value=value_of(finished))

    def _ends_before(self, fold: int, trial: HeldTrial) -> bool:
        if self.contract.is_original(trial.number):
            # The report compares with it, on one fold or on all: what the pruner thinks of it does not matter.
            return fold > 0 and self.contract.original == "one-fold"
        return trial.guide.gives_up if trial.guide is not None else fold > 0 and trial.should_prune()

    def _ask_what_next(self, trial: HeldTrial) -> None:
        if trial.guide is None or trial.stopping:
            return
        match trial.guide.after_fold(trial.attributes):
            case "parked":
                raise Parked
            case "back":
                raise StopRequested

    def _configuration(self, trial: HeldTrial) -> LearnerConfig:
        space = self.contract.search.space
        if self.contract.is_original(trial.number):
            # The baseline may lie outside a narrowed space: what fits is recorded, the rest is in the contract.
            config = self.contract.baseline_configuration
            for name in space.representable(config):
                space.suggest_one(trial.trial, name)
        else:
            config = space.suggest(trial.trial)
        notes = {} if trial.guide is None else trial.guide.notes(trial.attributes)
        trial.record({CONFIGURATION: dataclasses.asdict(config), TRAINING: fingerprint(config), **notes})
        return config

    def _one_fold(
        self,
        trial: HeldTrial,
        config: LearnerConfig,
        fold: int,
        finished: Finished,
        checkpoints: Checkpoints,
        adoption: Adoption,
    ) -> None:
        """Trains a fold, from its beginning or its checkpoint, or takes what somebody has trained ahead; records it."""
        trial.at_work_on(fold)
        most = min((finished[earlier].epochs for earlier in range(fold)), default=self.contract.settings.max_epochs)
        ahead = adoption.result_of(fold, most)
        result = self._train(trial, config, fold, most, checkpoints) if ahead is None else ahead.result
        # Whoever asked us to stop waits for this fold too.
        artifacts = self.artifacts.in_a_hurry(trial.wait_s(STORAGE_HURRY_S)) if trial.stopping else self.artifacts
        record = write_fold(artifacts, fold, result, checkpoints.seconds if ahead is None else ahead.seconds)
        labels = self.development.labels_of_fold(fold)
        finished[fold] = scored(result, labels, self.contract.search.objective)
        told = told_of(result, choose_epoch(first_folds(finished)), labels)
        by = {} if ahead is None else {TRAINED_BY: ahead.worker}
        record_folds(trial, {fold: record.as_dict() | told | by}, finished, self.contract.search)
        whom = "" if ahead is None else f", trained ahead by {ahead.worker}"
        log.info("trial %d fold %d: %d epochs in %.1f s%s", trial.number, fold, record.epochs, record.seconds, whom)

    def _train(
        self, trial: HeldTrial, config: LearnerConfig, fold: int, most_epochs: int, checkpoints: Checkpoints
    ) -> FoldResult:
        rate = Rate(self.rows_of(fold), self.clock)
        watchdog = self.watchdog()

        def on_batch() -> None:
            watchdog.step()
            trial.check()

        def on_epoch(curves: Curves, checkpoint: Callable[[], bytes]) -> None:
            stopping = trial.stopping
            trial.has_trained(curves.epochs, rate.of_another_epoch())
            with watchdog.away():
                parks = not (stopping or trial.goes_on(fold, curves.validation_accuracy))
                if stopping or parks or checkpoints.is_due:
                    # Without one, what was seen of the fold would be lost, and the trial be chosen for it again.
                    parks = checkpoints.save(checkpoint, curves.validation_accuracy) and parks
            if stopping:
                raise StopRequested
            if parks:
                raise Parked

        def train(checkpoint: bytes | None) -> FoldResult:
            return self.train(config, fold, most_epochs, checkpoint=checkpoint, on_epoch=on_epoch, on_batch=on_batch)

        checkpoint = checkpoints.begin(fold)
        with watchdog:
            try:
                return train(checkpoint)
            except CheckpointError as error:
                checkpoints.begin_anew(error)
            # Not before the error is gone, which holds on to the network that was begun.
            return train(None)
