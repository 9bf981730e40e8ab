"""A finished fold: what is recorded in the trial, and what lies in the artifact that the record names.

The artifact is an uncompressed NumPy archive without pickles: curves by epoch, and the out-of-fold probabilities
after every epoch. Bytes are written first, then the record: a record always has its artifact.
"""

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from hpo.errors import ContractError
from model.training import Curves, FoldResult
from storage.artifacts import ArtifactStore

PREFIX = "hpo:fold:"
_CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True, kw_only=True)
class FoldRecord:
    """What a trial's attribute says of a finished fold."""

    fold: int
    #: SHA-256 of the artifact.
    artifact: str
    #: Epochs trained.
    epochs: int
    #: Wall-clock seconds, of the worker that trained it.
    seconds: float

    @property
    def attribute(self) -> str:
        """The name of the trial's user attribute."""
        return f"{PREFIX}{self.fold}"

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


_RECORD = TypeAdapter(FoldRecord)


def finished_folds(attributes: Mapping[str, Any], folds: int) -> list[FoldRecord]:
    """The records of folds 0, 1, ... up to the first one missing.

    Raises:
        ContractError: A record is damaged.
    """
    records = []
    for fold in range(folds):
        stored = attributes.get(f"{PREFIX}{fold}")
        if stored is None:
            break
        try:
            records.append(_RECORD.validate_python(stored))
        except ValidationError as error:
            raise ContractError(f"The record of fold {fold} is damaged: {error.errors()[0]['msg']}.") from error
    return records


def write_fold(artifacts: ArtifactStore, fold: int, result: FoldResult, seconds: float) -> FoldRecord:
    """Store a fold's result and return its record, to be written into the trial next."""
    buffer = io.BytesIO()
    curves = {name: np.asarray(getattr(result.curves, name), dtype=np.float64) for name in _CURVES}
    np.savez(buffer, allow_pickle=False, probabilities=result.probabilities, **curves)
    return FoldRecord(
        fold=fold,
        artifact=artifacts.put(buffer.getvalue()),
        epochs=len(result.curves.validation_loss),
        seconds=round(seconds, 3),
    )


def read_fold(artifacts: ArtifactStore, record: FoldRecord) -> FoldResult:
    """The result that a record names.

    Raises:
        ArtifactMissingError, ArtifactCorruptError: From the store.
        ContractError: The bytes are no fold result.
    """
    try:
        with np.load(io.BytesIO(artifacts.get(record.artifact)), allow_pickle=False) as archive:
            curves = Curves(**{name: archive[name].tolist() for name in _CURVES})
            return FoldResult(curves=curves, probabilities=archive["probabilities"])
    except (KeyError, ValueError, EOFError) as error:
        raise ContractError(f"Artifact {record.artifact} holds no fold result: {error}.") from error
