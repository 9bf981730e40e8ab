"""A finished fold: what is recorded in the trial, and what lies in the artifact that the record names.

The artifact is an uncompressed NumPy archive without pickles: curves by epoch, and the out-of-fold probabilities
after every epoch. Bytes are written first, then the record: a record always has its artifact.
"""

import io
import logging
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.errors import HpoError
from hpo.study.attributes import FoldRecord, fold_record
from hpo.study.fold_curves import told_of_fold
from hpo.trial.common_epoch import Finished, scored
from hpo.trial.development_rows import DevelopmentRows
from model.training import Curves, FoldResult
from storage.artifacts import ArtifactStore
from storage.errors import ArtifactCorruptError, ArtifactMissingError
from storage.trials.ledger import FOLD_PREFIX

log = logging.getLogger(__name__)

_CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


class FoldLostError(HpoError):
    """What a finished fold left is damaged or gone; the fold can be trained anew."""


def write_fold(artifacts: ArtifactStore, fold: int, result: FoldResult, seconds: float) -> FoldRecord:
    """Stores a fold's result and returns its record, to be written into the trial next."""
    buffer = io.BytesIO()
    curves: dict[str, Any] = {name: np.asarray(getattr(result.curves, name), np.float64) for name in _CURVES}
    # Numbers alone, so nothing is pickled; NumPy 2.0 would take `allow_pickle` for the name of one more array.
    np.savez(buffer, probabilities=result.probabilities, **curves)
    return FoldRecord(
        fold=fold,
        artifact=artifacts.put(buffer.getvalue()),
        epochs=len(result.curves.validation_loss),
        seconds=round(seconds, 3),
    )


def told_of(result: FoldResult, epoch: int, labels: NDArray[np.bool_]) -> dict[str, Any]:
    """What a fold's record tells the search beside its artifact; see `hpo.study.fold_curves`.

    Args:
        result: Of the fold.
        epoch: From 1, that is best for the trial's folds so far.
        labels: [N] of the rows that are validated in it.
    """
    right = (result.probabilities[epoch - 1] >= 0.5) == labels
    return told_of_fold(result.curves.validation_loss, result.curves.validation_accuracy, right)


def read_fold(artifacts: ArtifactStore, record: FoldRecord, rows: int) -> FoldResult:
    """The result that a record names.

    Args:
        artifacts: Where it lies.
        record: Of the fold.
        rows: How many rows are validated in that fold.

    Raises:
        FoldLostError: There is no such artifact, it is damaged, or it holds something else than this fold's result.
        StorageError: The artifacts cannot be read at all.
    """
    try:
        data = io.BytesIO(artifacts.get(record.artifact))
    except ArtifactMissingError as error:
        raise FoldLostError(f"Artifact {record.artifact[:12]} is gone.") from error
    except ArtifactCorruptError as error:
        raise FoldLostError(f"Artifact {record.artifact[:12]} is damaged.") from error
    try:
        _refuse_packed(data)
        with np.load(data, allow_pickle=False) as archive:
            curves = {name: np.asarray(archive[name], dtype=np.float64) for name in _CURVES}
            probabilities = np.asarray(archive["probabilities"], dtype=np.float32)
    except Exception as error:  # a damaged archive may raise anything
        raise FoldLostError(f"Artifact {record.artifact[:12]} holds no fold result: {str(error)[:200]}.") from error
    found = [curve.shape for curve in curves.values()] + [probabilities.shape]
    expected = [(record.epochs,)] * len(curves) + [(record.epochs, rows)]
    if found != expected:
        raise FoldLostError(f"Artifact {record.artifact[:12]} is another fold's: shapes {found}, expected {expected}.")
    return FoldResult(Curves(**{name: curve.tolist() for name, curve in curves.items()}), probabilities)


def read_finished(
    trial: int,
    attributes: Mapping[str, Any],
    artifacts: ArtifactStore,
    development: DevelopmentRows,
    objective: Objective,
) -> Finished:
    """The curves of a trial's finished folds, by fold. One whose result is damaged or gone is told, and not among them.

    Args:
        trial: Its number, for the log.
        attributes: Its user attributes.
        artifacts: Where the results lie.
        development: The study's rows.
        objective: Likewise.

    Raises:
        StorageError: The artifacts cannot be read at all.
    """
    finished: Finished = {}
    for fold in range(int(development.folds.max()) + 1):
        if f"{FOLD_PREFIX}{fold}" not in attributes:
            continue
        record = fold_record(attributes, fold)
        try:
            if record is None:
                raise FoldLostError("Its record cannot be read.")
            result = read_fold(artifacts, record, development.validated(fold))
            finished[fold] = scored(result, development.labels_of_fold(fold), objective)
        except FoldLostError as error:
            log.warning("trial %d fold %d is trained anew: %s", trial, fold, error)
    return finished


def _refuse_packed(data: io.BytesIO) -> None:
    """Refuses packed parts: ours are not packed, and a packed one may unpack to a thousand times its size."""
    with zipfile.ZipFile(data) as archive:
        packed = [part.filename for part in archive.infolist() if part.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise ValueError(f"its part {packed[0]!r} is packed")
    data.seek(0)
