"""A finished fold: what is recorded in the trial, and what lies in the artifact that the record names.

The artifact is an uncompressed NumPy archive without pickles: curves by epoch, and the out-of-fold probabilities
after every epoch. Bytes are written first, then the record: a record always has its artifact.
"""

import io
import zipfile

import numpy as np

from hpo.errors import ContractError
from hpo.study.attributes import FoldRecord
from model.training import Curves, FoldResult
from storage.artifacts import ArtifactStore

_CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def write_fold(artifacts: ArtifactStore, fold: int, result: FoldResult, seconds: float) -> FoldRecord:
    """Stores a fold's result and returns its record, to be written into the trial next."""
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
        data = io.BytesIO(artifacts.get(record.artifact))
        _refuse_packed(data)
        with np.load(data, allow_pickle=False) as archive:
            curves = Curves(**{name: archive[name].tolist() for name in _CURVES})
            return FoldResult(curves=curves, probabilities=archive["probabilities"])
    except (KeyError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ContractError(f"Artifact {record.artifact} holds no fold result: {error}.") from error


def _refuse_packed(data: io.BytesIO) -> None:
    """Refuses packed parts: ours are not packed, and a packed one may unpack to a thousand times its size."""
    with zipfile.ZipFile(data) as archive:
        packed = [part.filename for part in archive.infolist() if part.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise ValueError(f"its part {packed[0]!r} is packed")
    data.seek(0)
