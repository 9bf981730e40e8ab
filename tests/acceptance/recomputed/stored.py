"""What a study and its report left behind."""

import io
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hpo.finalizing.seal import openings
from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from model.encoding import encode
from model.genes import Genes, join
from model.prediction import predict
from model.saving.loading import load_model
from model.snapshot import from_bytes

FOLDS = 5


class Stored:
    """Trials, fold records, snapshots and the model's folder.

    Args:
        folder: With `hpo.db` and `hpo-artifacts`.
        report: The report's folder, inside.
        opened: Whether this report may know the test set.
    """

    def __init__(self, folder: Path, report: str, opened: bool) -> None:
        self.folder, self.opened = folder / report, open_folder(folder)
        self.contract, self.get = self.opened.contract, self.opened.artifacts.get
        self.result: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        self.trials = self.opened.storage.get_all_trials(self.opened.handle.study_id)
        self.complete = [trial for trial in self.trials if trial.state.name == "COMPLETE"]
        self.openings = list(openings(self.opened))
        self.development, self.folds = from_bytes(self.get(self.contract.data.development.artifact))
        self.test = from_bytes(self.get(self.contract.data.test.artifact))[0] if opened else None
        self.everyone = join(self.development, self.test) if self.test else self.development
        self.labels = self.development.labels
        self.model = load_model(self.folder / "model")

    def records(self, trial) -> list[dict[str, Any]]:
        found = [trial.user_attrs.get(f"hpo:fold:{k}") for k in range(FOLDS)]
        return [record for record in found if record]

    def out_of_fold(self, trial) -> np.ndarray:
        """[N] P(resistant), after the epochs at which the folds' mean loss was lowest."""
        folds = []
        for record in self.records(trial):
            with np.load(io.BytesIO(self.get(record["artifact"]))) as archive:
                folds.append(dict(archive))
        shared = min(len(fold["validation_loss"]) for fold in folds)
        epoch = int(np.mean([fold["validation_loss"][:shared] for fold in folds], axis=0).argmin())
        probabilities = np.empty(len(self.folds))
        for k, fold in enumerate(folds):
            probabilities[self.folds == k] = fold["probabilities"][epoch]
        return probabilities

    @cached_property
    def correct(self) -> np.ndarray:
        """[N, C] of the complete trials."""
        calls = [self.out_of_fold(trial) > 0.5 for trial in self.complete]
        return np.stack([call == self.labels for call in calls], axis=1)

    def accuracies(self, column: int) -> np.ndarray:
        return self.per_fold(self.correct[:, column])

    def per_fold(self, right: np.ndarray) -> np.ndarray:
        return np.array([right[self.folds == k].mean() for k in range(FOLDS)])

    @cached_property
    def best(self) -> int:
        """The column of the trial with the highest score, of equal ones the first."""
        return int(np.argmax([self.accuracies(column).mean() for column in range(len(self.complete))]))

    @cached_property
    def winner(self) -> int:
        """The column of the trial that the report chose."""
        return [trial.number for trial in self.complete].index(self.result["best_trial"]["number"])

    @cached_property
    def probabilities(self) -> np.ndarray:
        """[M] of the test rows: the mean over the stored networks."""
        return self.average(self.encoded(self.test))

    def encoded(self, genes: Genes):
        return encode(genes, self.model.config.encoding)

    def average(self, rows) -> np.ndarray:
        return np.mean([predict(network, rows).astype(float) for network in self.model.networks], axis=0)

    @cached_property
    def identical(self) -> np.ndarray:
        """Development and test rows that are identical under a searched encoding share a number."""
        numbers = np.arange(len(self.everyone))
        for encoding in self.contract.search.space.encodings * 2:  # twice: one encoding may join what another did not
            sequences = words(self.everyone, encoding)
            least: dict[tuple[int, ...], int] = {}
            for word, number in zip(sequences, numbers, strict=True):
                least[word] = min(number, least.get(word, number))
            numbers = np.array([least[word] for word in sequences])
        return numbers

    @cached_property
    def identical_development(self) -> np.ndarray:
        return self.identical[: len(self.labels)]

    @cached_property
    def identical_test(self) -> np.ndarray:
        return self.identical[len(self.labels) :]

    @cached_property
    def groups(self) -> np.ndarray:
        """[N], development rows that were sampled together share a number."""
        return self._sampled(self.identical_development)

    @cached_property
    def test_groups(self) -> np.ndarray:
        return self._sampled(self.identical_test)

    def _sampled(self, identical: np.ndarray) -> np.ndarray:
        return identical if self.contract.splitting.duplicates == "together" else np.arange(len(identical))


def words(genes: Genes, encoding) -> list[tuple[int, ...]]:
    """Each row's tokens."""
    rows = encode(genes, encoding)
    return [tuple(rows.tokens.row(row).tolist()) for row in range(len(rows))]


def open_folder(folder: Path) -> OpenedStudy:
    return open_study(StudyAddress(storage=f"sqlite:///{os.path.relpath(folder / 'hpo.db')}", study="s"))


def sealed_rows(folder: Path) -> Path:
    """The file of the test rows."""
    name = open_folder(folder).contract.data.test.artifact
    return folder / "hpo-artifacts" / name[:2] / name[2:4] / name
