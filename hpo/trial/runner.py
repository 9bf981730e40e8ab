"""One trial: its configuration, its folds one after another, and how it ends.

A fold that was finished, here or on a worker that is gone, is read back and never trained again; one that was
interrupted goes on at its checkpoint. The trial's accuracies are taken at one epoch, common to its folds, so the value
of a trial depends on the folds done and on nothing else.
"""

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from optuna.trial import TrialState

from hpo.errors import DeviceFullError, DeviceLostError, HpoError, Parked, StopRequested
from hpo.logs import about
from hpo.search.seeds import derive
from hpo.stop_times import STORAGE_HURRY_S
from hpo.study.attributes import CONFIGURATION, TRAINING
from hpo.study.contract import Contract
from hpo.study.opened import OpenedStudy
from hpo.trial.checkpoints import Checkpoints
from hpo.trial.common_epoch import Finished, first_folds, scored, value_of
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from hpo.trial.fold_results import read_finished, told_of, write_fold
from hpo.trial.held_trial import HeldTrial
from hpo.trial.rate import Rate
from hpo.trial.recording import record_folds
from hpo.trial.twins import fingerprint, take_over
from hpo.trial.watchdog import Watchdog, end_process
from model.configuration import LearnerConfig
from model.epochs import choose_epoch
from model.errors import CheckpointError, OutOfMemoryError, TrainingError
from model.runtime import computes
from model.training import Curves, FoldResult, train_fold
from storage.artifacts import ArtifactStore
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
class TrialRunner:
    """Runs trials of one study on one device. It keeps nothing of a trial: one serves any number of them, and threads.

    Args:
        contract: The study's.
        development: Its rows.
        artifacts: Where finished folds and checkpoints go.
        device: As PyTorch names it.
        step_timeout_s: A training step that takes longer hangs, and the process ends.
        clock: Seconds, monotonic.
        has_company: Says whether other trials have had some of the device while this one ran.
        on_hang: Called when a step hangs, with the seconds that it was given; ends the process.
    """

    contract: Contract
    development: DevelopmentRows
    artifacts: ArtifactStore
    device: str
    step_timeout_s: float = 600.0
    clock: Callable[[], float] = time.monotonic
    has_company: Callable[[], bool] = lambda: False
    on_hang: Callable[[float], None] = end_process

    @classmethod
    def of(cls, opened: OpenedStudy, device: str, step_timeout_s: float = 600.0) -> Self:
        """Reads the development rows of a study and returns what runs its trials.

        Raises:
            ContractError: The rows are not those of the contract.
            StorageError: They cannot be read.
        """
        return cls(
            contract=opened.contract,
            development=load_development_rows(opened.contract, opened.artifacts),
            artifacts=opened.artifacts,
            device=device,
            step_timeout_s=step_timeout_s,
        )

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
        for fold in range(folds):
            if fold in finished:
                continue
            if self._ends_before(fold, trial):
                return Outcome(state=TrialState.PRUNED, value=value_of(finished))
            if trial.stopping:
                raise StopRequested
            with about(fold=fold):
                self._one_fold(trial, config, fold, finished, checkpoints)
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
        self, trial: HeldTrial, config: LearnerConfig, fold: int, finished: Finished, checkpoints: Checkpoints
    ) -> None:
        """Trains a fold, from its beginning or its checkpoint, and records it with what follows from it."""
        trial.at_work_on(fold)
        earlier = [finished[number] for number in range(fold)]
        result = self._train(trial, config, earlier, checkpoints)
        # Whoever asked us to stop waits for this fold too.
        artifacts = self.artifacts.in_a_hurry(trial.wait_s(STORAGE_HURRY_S)) if trial.stopping else self.artifacts
        record = write_fold(artifacts, fold, result, seconds=checkpoints.seconds)
        labels = self.development.labels_of_fold(fold)
        finished[fold] = scored(result, labels, self.contract.search.objective)
        told = told_of(result, choose_epoch(first_folds(finished)), labels)
        record_folds(trial, {fold: record.as_dict() | told}, finished, self.contract.search)
        log.info("trial %d fold %d: %d epochs in %.1f s", trial.number, fold, record.epochs, record.seconds)

    def _train(
        self, trial: HeldTrial, config: LearnerConfig, earlier: Sequence[Curves], checkpoints: Checkpoints
    ) -> FoldResult:
        fold = len(earlier)
        encoded = self.development.encoded(config.encoding)
        rate = Rate(len(self.development.folds) - self.development.validated(fold), self.clock)
        watchdog = Watchdog(self.step_timeout_s, self.on_hang)

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
            return train_fold(
                config,
                self.contract.settings,
                self.development.training(config.encoding, fold),
                self.development.validation(config.encoding, fold),
                vocabulary_size=encoded.vocabulary_size,
                positions=encoded.positions,
                seed=derive(self.contract.seed, "fold", fold),
                device=self.device,
                # No epoch counts that an earlier fold did not reach: see model.epochs.
                max_epochs=min((len(c.validation_loss) for c in earlier), default=self.contract.settings.max_epochs),
                checkpoint=checkpoint,
                on_epoch=on_epoch,
                on_batch=on_batch,
            )

        checkpoint = checkpoints.begin(fold)
        with watchdog:
            try:
                return train(checkpoint)
            except CheckpointError as error:
                checkpoints.begin_anew(error)
            # Not before the error is gone, which holds on to the network that was begun.
            return train(None)
