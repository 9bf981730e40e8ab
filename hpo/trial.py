"""One trial: its configuration, its folds one after another, and how it ends.

A fold that was finished, here or on a worker that is gone, is read back and never trained again. The trial's
accuracies are taken at one epoch, common to its folds, so the value of a trial depends on the folds done and on
nothing else.
"""

import dataclasses
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from hpo.attributes import CONFIGURATION, EPOCHS, FOLD_ACCURACIES, finished_folds
from hpo.contract import Contract
from hpo.development import Development
from hpo.folds import read_fold, write_fold
from hpo.pruning import reported_value
from hpo.seeds import derive
from hpo.watchdog import Watchdog
from model.configuration import LearnerConfig
from model.epochs import choose_epoch
from model.training import Curves, train_fold
from storage.artifacts import ArtifactStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a trial ended."""

    state: TrialState
    value: float
    #: Accuracies at the common epoch, one per finished fold.
    accuracies: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class TrialRunner:
    """Runs trials of one study on one device."""

    contract: Contract
    development: Development
    artifacts: ArtifactStore
    device: str
    #: Called after every batch with the fold; raises to stop the trial.
    on_batch: Callable[[int], None]
    #: Writes an attribute of the trial while we hold it, and raises when we no longer do.
    record: Callable[[str, Any], None]
    #: Ends the process when a training step hangs.
    watchdog: Watchdog

    def run(self, study: optuna.Study, trial_id: int) -> Outcome:
        """Train what is left of a trial that this worker holds.

        Args:
            study: With the trial's own sampler and the study's pruner.
            trial_id: The storage's id of the RUNNING trial.

        Raises:
            StopRequested, LeaseLostError: From `on_batch` and `record`; finished folds stay recorded.
            TrainingError: The configuration cannot be trained.
        """
        trial = optuna.trial.Trial(study, trial_id)
        config = self._configuration(trial)
        curves = self._finished_folds(trial)
        while True:
            if curves:
                accuracies = self._report(trial, curves)
                if len(curves) == self.contract.splitting.folds:
                    return Outcome(state=TrialState.COMPLETE, value=_mean(accuracies), accuracies=accuracies)
                # The baseline is what every report compares with: it is never pruned.
                if trial.number > 0 and _is_to_be_pruned(study, trial_id):
                    return Outcome(state=TrialState.PRUNED, value=_mean(accuracies), accuracies=accuracies)
            curves.append(self._train(trial, config, curves))

    def _configuration(self, trial: optuna.trial.Trial) -> LearnerConfig:
        space = self.contract.search.space
        if trial.number > 0:
            config = space.suggest(trial)
        else:
            # The baseline may lie outside a narrowed space: what fits is recorded, the rest is in the contract.
            config = self.contract.baseline_configuration
            for name in space.representable(config):
                space.suggest_one(trial, name)
        self.record(CONFIGURATION, dataclasses.asdict(config))
        return config

    def _finished_folds(self, trial: optuna.trial.Trial) -> list[Curves]:
        """Folds finished before, by this worker or another; the trial goes on after them."""
        records = finished_folds(trial.user_attrs, self.contract.splitting.folds)
        return [read_fold(self.artifacts, record).curves for record in records]

    def _train(self, trial: optuna.trial.Trial, config: LearnerConfig, earlier: list[Curves]) -> Curves:
        fold = len(earlier)
        started = time.monotonic()
        encoded = self.development.encoded(config.encoding)

        def on_batch() -> None:
            self.watchdog.step()
            self.on_batch(fold)

        with self.watchdog:
            result = train_fold(
                config,
                self.contract.settings,
                self.development.training(config.encoding, fold),
                self.development.validation(config.encoding, fold),
                vocabulary_size=encoded.vocabulary_size,
                seed=derive(self.contract.seed, "fold", fold),
                device=self.device,
                # No epoch counts that an earlier fold did not reach: see model.epochs.
                max_epochs=min((len(c.validation_loss) for c in earlier), default=self.contract.settings.max_epochs),
                on_batch=on_batch,
            )
        record = write_fold(self.artifacts, fold, result, seconds=time.monotonic() - started)
        self.record(record.attribute, record.as_dict())
        log.info("trial %d fold %d: %d epochs in %.1f s", trial.number, fold, record.epochs, record.seconds)
        return result.curves

    def _report(self, trial: optuna.trial.Trial, curves: list[Curves]) -> tuple[float, ...]:
        epoch = choose_epoch(curves)
        accuracies = tuple(float(c.validation_accuracy[epoch - 1]) for c in curves)
        self.record(FOLD_ACCURACIES, accuracies)
        self.record(EPOCHS, epoch)
        step = len(accuracies) - 1
        if step not in trial.storage.get_trial(trial._trial_id).intermediate_values:
            trial.report(reported_value(self.contract.search.pruner, accuracies), step)
        return accuracies


def _is_to_be_pruned(study: optuna.Study, trial_id: int) -> bool:
    """As `Trial.should_prune`, of the trial as stored: Optuna's own copy lacks what was recorded under the lease."""
    return study.pruner.prune(study, study._storage.get_trial(trial_id))


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)
