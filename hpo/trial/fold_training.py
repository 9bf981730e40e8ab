"""One fold of a study on one device: its rows, its seed, and a watchdog beside it; whoever trains it, for whatever."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from hpo.search.seeds import derive
from hpo.study.contract import Contract
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from hpo.trial.watchdog import Watchdog, end_process
from model.configuration import LearnerConfig
from model.training import FoldResult, train_fold
from storage.artifacts import ArtifactStore


@dataclass(frozen=True, kw_only=True)
class FoldTraining:
    """Trains folds of one study on one device. It keeps nothing of a fold: one serves any number of them, and threads.

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
        """Reads the development rows of a study and returns what trains its folds.

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

    def watchdog(self) -> Watchdog:
        """Returns what is to watch the training of a fold."""
        return Watchdog(self.step_timeout_s, self.on_hang)

    def rows_of(self, fold: int) -> int:
        """How many rows an epoch of the fold trains."""
        return len(self.development.folds) - self.development.validated(fold)

    def train(self, config: LearnerConfig, fold: int, most_epochs: int, **more: Any) -> FoldResult:
        """Trains a fold, which gives the same numbers to whoever does.

        Args:
            config: The trial's.
            fold: From 0.
            most_epochs: Epochs, at most: no epoch counts that an earlier fold did not reach (`model.epochs`).
            more: What else `train_fold` takes: a checkpoint, and what is called in between. Errors are its own.
        """
        encoded = self.development.encoded(config.encoding)
        return train_fold(
            config,
            self.contract.settings,
            self.development.training(config.encoding, fold),
            self.development.validation(config.encoding, fold),
            vocabulary_size=encoded.vocabulary_size,
            positions=encoded.positions,
            seed=derive(self.contract.seed, "fold", fold),
            device=self.device,
            max_epochs=most_epochs,
            **more,
        )
