"""Trains configurations as a study would, and keeps what each one left: a file for each, so that a recording goes on.

The study is made by `hpo.study.create.prepare` and trained by `model.training.train_fold`: its space, its folds, its
seeds. Only two things differ. A fold is not cut short at the epochs that earlier folds ran, so that folds can be
replayed in any order; and every epoch's processor seconds are kept.
"""

import dataclasses
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray

from hpo.search.sampler import sampler_for
from hpo.search.seeds import derive
from hpo.study.contract import Contract
from hpo.study.create import Plan, prepare
from hpo.trial.development_rows import DevelopmentRows, labels_of, load_development_rows
from model.choices import Duplicates
from model.configuration import LearnerConfig, TrainingSettings
from model.epochs import Curves
from model.errors import TrainingError
from model.genes import Genes
from model.training import FoldResult, train_fold
from searching.records import SPACE
from storage.artifacts import open_artifacts

#: As `hpo run` has it, for the choice of what is done with trial 0.
TRIALS = 40


@dataclass(frozen=True)
class Recorder:
    """One split of a data set, and the folder of its records."""

    contract: Contract
    rows: DevelopmentRows
    folder: Path

    @classmethod
    def of(cls, genes: Genes, source: Path, seed: int, duplicates: Duplicates, folder: Path) -> "Recorder":
        """Makes the study of a seed: its split, its space, its folds.

        Args:
            genes: With labels.
            source: Where they were read.
            seed: Of splits and training.
            duplicates: As `--duplicates` has it.
            folder: Where artifacts and records go.
        """
        artifacts = open_artifacts(str(folder / "artifacts"), create=True)
        contract = prepare(genes, _plan(source, seed, duplicates), artifacts)
        records = folder / f"seed{seed}"
        records.mkdir(exist_ok=True)
        (records / SPACE).write_text(contract.search.space.model_dump_json())
        return cls(contract, load_development_rows(contract, artifacts), records)

    def configuration(self, number: int) -> LearnerConfig:
        """The original for 0, the space's beginning for 1, and random draws after it."""
        if number == 0:
            return self.contract.baseline_configuration
        space = self.contract.search.space
        if number == 1:
            return space.start
        sampler = sampler_for("random", space.distributions, startup_trials=1, seed=self.contract.seed, number=number)
        return space.suggest(optuna.create_study(direction="maximize", sampler=sampler).ask())

    def file(self, number: int) -> Path:
        """Where a configuration's record lies."""
        return self.folder / f"{number:04d}.npz"

    def record(self, number: int, config: LearnerConfig) -> None:
        """Trains a configuration on the study's folds and writes what it left, whole or not at all."""
        folds = range(self.contract.splitting.folds)
        if config == self.contract.baseline_configuration:
            folds = folds[: {"all": len(folds), "one-fold": 1, "skip": 0}[self.contract.original]]
        kept: dict[str, NDArray[np.generic]] = {"labels": labels_of(self.rows.genes), "folds": self.rows.folds}
        reason = None
        for fold in folds:
            try:
                result, seconds = self._train(config, fold)
            except TrainingError as error:
                reason = str(error)
                break
            kept |= _kept(fold, result, seconds)
        about = {"number": number, "config": dataclasses.asdict(config), "failed": reason, "rows": len(self.rows.folds)}
        part = self.file(number).with_suffix(".part")
        with part.open("wb") as stream:
            np.savez_compressed(stream, about=np.array(json.dumps(about)), **kept)
        part.replace(self.file(number))

    def _train(self, config: LearnerConfig, fold: int) -> tuple[FoldResult, NDArray[np.float32]]:
        encoded = self.rows.encoded(config.encoding)
        training, validation = self.rows.training(config.encoding, fold), self.rows.validation(config.encoding, fold)
        marks = [time.process_time()]

        def on_epoch(curves: Curves, checkpoint: Callable[[], bytes]) -> None:
            marks.append(time.process_time())

        result = train_fold(
            config,
            self.contract.settings,
            training,
            validation,
            vocabulary_size=encoded.vocabulary_size,
            positions=encoded.positions,
            seed=derive(self.contract.seed, "fold", fold),
            on_epoch=on_epoch,
        )
        marks.append(time.process_time())
        return result, np.diff(marks).astype(np.float32)


def _kept(fold: int, result: FoldResult, seconds: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """What a record has of a fold; a probability of a half or more stays at 128 or more."""
    return {
        f"accuracy{fold}": np.asarray(result.curves.validation_accuracy),
        f"loss{fold}": np.asarray(result.curves.validation_loss),
        f"seconds{fold}": seconds,
        f"probabilities{fold}": np.minimum(result.probabilities * 256, 255).astype(np.uint8),
    }


def _plan(source: Path, seed: int, duplicates: Duplicates) -> Plan:
    """The defaults of `hpo run`."""
    return Plan(
        study="recorded",
        trials=TRIALS,
        source=source,
        seed=seed,
        folds=5,
        test_size=0.2,
        duplicates=duplicates,
        space_file=None,
        original=None,
        sampler="tpe",
        startup_trials=10,
        pruner="paired",
        training=TrainingSettings(max_epochs=20, patience=6),
        lease_timeout_s=60.0,
        retries=3,
    )


def one_thread() -> None:
    """Asks libraries for one thread, before they start any."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
