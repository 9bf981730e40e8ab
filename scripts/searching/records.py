"""What a recording left of one configuration, read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.epochs import Curves, choose_epoch

#: Beside the records of a split: what its configurations are drawn from.
SPACE = "space.json"


@dataclass(frozen=True)
class FoldRecord:
    """One fold, E epochs of it, N_val rows validated."""

    #: [E] each.
    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]
    #: [E] of a processor.
    seconds: NDArray[np.float32]
    #: [E, N_val] P(resistant) in 256ths, rounded down.
    probabilities: NDArray[np.uint8]


@dataclass(frozen=True)
class Record:
    """One configuration on one split: the folds that were trained, all of them unless the training failed."""

    number: int
    config: Mapping[str, Any]
    #: Why the training ended before its end.
    failed: str | None
    folds: Sequence[FoldRecord]
    #: [N] of the development rows.
    labels: NDArray[np.bool_]
    fold_of: NDArray[np.int64]


def read_record(file: Path) -> Record:
    """Reads a configuration's record."""
    with np.load(file, allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
        names = ("accuracy", "loss", "seconds", "probabilities")
        trained = sum(name.startswith("loss") for name in archive.files)
        folds = [FoldRecord(**{name: archive[f"{name}{fold}"] for name in names}) for fold in range(trained)]
        return Record(about["number"], about["config"], about["failed"], folds, archive["labels"], archive["folds"])


def common_epoch(folds: Sequence[FoldRecord]) -> int:
    """The epoch that a study would take with these folds, from 1."""
    return choose_epoch([Curves(validation_loss=fold.loss.tolist()) for fold in folds])


def mean_accuracy(record: Record, folds: int = 5) -> float:
    """Mean over the folds at their common epoch; minus infinity where not all were trained."""
    if len(record.folds) < folds:
        return -np.inf
    epoch = common_epoch(record.folds)
    return float(np.mean([fold.accuracy[epoch - 1] for fold in record.folds]))
