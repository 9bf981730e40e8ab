"""One trial: its configuration, its folds one after another, and how it ends.

A fold that was finished, here or on a worker that is gone, is read back and never trained again; one that was
interrupted goes on at its checkpoint. The trial's accuracies are taken at one epoch, common to its folds, so the value
of a trial depends on the folds done and on nothing else.
"""

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from hpo.errors import StopRequested
from hpo.search.pruner import reported_value
from hpo.search.seeds import derive
from hpo.study.attributes import CONFIGURATION, EPOCHS, FOLD_ACCURACIES, FoldRecord, finished_folds
from hpo.study.contract import Contract
from hpo.trial.checkpoints import Checkpoints, discard, remove_what_was_left
from hpo.trial.development_rows import DevelopmentRows
from hpo.trial.fold_results import read_fold, write_fold
from hpo.trial.held_trial import HeldTrial
from hpo.trial.watchdog import Watchdog
from model.configuration import LearnerConfig
from model.epochs import choose_epoch
from model.errors import CheckpointError, TrainingError
from model.training import Curves, FoldResult, train_fold
from storage.artifacts import ArtifactStore
from storage.trials.ledger import TrialChange

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a trial ended."""

    state: TrialState
    value: float
    #: Accuracies at the common epoch, one per finished fold.
    accuracies: tuple[float, ...]


def _never() -> bool:
    """The default `stopping`."""
    return False


@dataclass(frozen=True, kw_only=True)
class TrialRunner:
    """Runs trials of one study on one device."""

    contract: Contract
    development: DevelopmentRows
    artifacts: ArtifactStore
    device: str
    #: Called after every batch with the fold; raises to stop the trial at once.
    on_batch: Callable[[int], None]
    #: Writes to the trial while we hold it, and raises when we no longer do.
    record: Callable[[TrialChange], None]
    #: Ends the process when a training step hangs.
    watchdog: Watchdog
    #: Asked between epochs: whether to leave a checkpoint and stop.
    stopping: Callable[[], bool] = _never

    def run(self, study: optuna.Study, trial_id: int) -> Outcome:
        """Train what is left of a trial that this worker holds.

        Args:
            study: With the trial's own sampler and the study's pruner.
            trial_id: The storage's id of the RUNNING trial.

        Raises:
            StopRequested: From `on_batch`, or `stopping` said so; finished folds stay recorded.
            LeaseLostError: From `record` or `on_batch`.
            TrainingError: The configuration cannot be trained.
        """
        trial = HeldTrial(study, trial_id, self.record)
        remove_what_was_left(self.artifacts, trial)
        try:
            outcome = self._folds(trial)
        except TrainingError:
            discard(self.artifacts, trial)
            raise
        # More trials may be finished than when it was interrupted: what was worth another fold then may not be now.
        discard(self.artifacts, trial)
        return outcome

    def _folds(self, trial: HeldTrial) -> Outcome:
        config = self._configuration(trial)
        folds = self.contract.splitting.folds
        # Folds finished before, by this worker or another; the trial goes on after them.
        curves = [read_fold(self.artifacts, record).curves for record in finished_folds(trial.attributes, folds)]
        while True:
            if curves:
                accuracies = _accuracies(curves)
                if len(curves) == folds:
                    return Outcome(state=TrialState.COMPLETE, value=_mean(accuracies), accuracies=accuracies)
                # The baseline is what every report compares with: it is never pruned.
                if trial.number > 0 and trial.should_prune():
                    return Outcome(state=TrialState.PRUNED, value=_mean(accuracies), accuracies=accuracies)
            if self.stopping():
                raise StopRequested
            curves.append(self._one_fold(trial, config, curves))

    def _configuration(self, trial: HeldTrial) -> LearnerConfig:
        space = self.contract.search.space
        if trial.number > 0:
            config = space.suggest(trial.trial)
        else:
            # The baseline may lie outside a narrowed space: what fits is recorded, the rest is in the contract.
            config = self.contract.baseline_configuration
            for name in space.representable(config):
                space.suggest_one(trial.trial, name)
        trial.record({CONFIGURATION: dataclasses.asdict(config)})
        return config

    def _one_fold(self, trial: HeldTrial, config: LearnerConfig, earlier: list[Curves]) -> Curves:
        """Trains the next fold, from its beginning or its checkpoint, and records it with what follows from it."""
        fold = len(earlier)
        checkpoints = Checkpoints(self.artifacts, trial, fold)
        result = self._train(config, earlier, checkpoints)
        record = write_fold(self.artifacts, fold, result, seconds=checkpoints.seconds)
        self._record(trial, record, [*earlier, result.curves], checkpoints)
        checkpoints.remove()
        log.info("trial %d fold %d: %d epochs in %.1f s", trial.number, fold, record.epochs, record.seconds)
        return result.curves

    def _train(self, config: LearnerConfig, earlier: list[Curves], checkpoints: Checkpoints) -> FoldResult:
        fold = len(earlier)
        encoded = self.development.encoded(config.encoding)

        def on_batch() -> None:
            self.watchdog.step()
            self.on_batch(fold)

        def on_epoch(curves: Curves, checkpoint: Callable[[], bytes]) -> None:
            stopping = self.stopping()
            if stopping or checkpoints.is_due:
                with self.watchdog.away():
                    checkpoints.save(checkpoint, curves.epochs)
            if stopping:
                raise StopRequested

        def train(checkpoint: bytes | None) -> FoldResult:
            return train_fold(
                config,
                self.contract.settings,
                self.development.training(config.encoding, fold),
                self.development.validation(config.encoding, fold),
                vocabulary_size=encoded.vocabulary_size,
                seed=derive(self.contract.seed, "fold", fold),
                device=self.device,
                # No epoch counts that an earlier fold did not reach: see model.epochs.
                max_epochs=min((len(c.validation_loss) for c in earlier), default=self.contract.settings.max_epochs),
                checkpoint=checkpoint,
                on_epoch=on_epoch,
                on_batch=on_batch,
            )

        checkpoint = checkpoints.read()
        with self.watchdog:
            try:
                return train(checkpoint)
            except CheckpointError as error:
                checkpoints.begin_anew(error)
            # Not before the error is gone, which holds on to the network that was begun.
            return train(None)

    def _record(self, trial: HeldTrial, record: FoldRecord, curves: list[Curves], checkpoints: Checkpoints) -> None:
        accuracies = _accuracies(curves)
        attributes = {
            record.attribute: record.as_dict(),
            FOLD_ACCURACIES: list(accuracies),
            EPOCHS: choose_epoch(curves),
            **checkpoints.gone,
        }
        trial.record(attributes, {record.fold: reported_value(self.contract.search.pruner, accuracies)})


def _accuracies(curves: list[Curves]) -> tuple[float, ...]:
    """Each fold's accuracy after the epoch that is best for all of them together."""
    epoch = choose_epoch(curves)
    return tuple(float(c.validation_accuracy[epoch - 1]) for c in curves)


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)
