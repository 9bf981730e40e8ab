"""A finished fold: what is written is what is read, and what is damaged is said to be."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.study.attributes import finished_folds
from hpo.trial.fold_results import FoldLostError, read_fold, write_fold
from model.training import Curves, FoldResult
from storage.artifacts import ArtifactStore, open_artifacts

CURVES = Curves([0.7, 0.6], [0.5, 0.6], [0.69, 0.65], [0.5, 0.75])
RESULT = FoldResult(CURVES, np.array([[0.1, 0.9], [0.2, 0.8]], dtype=np.float32))


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return open_artifacts(str(tmp_path / "artifacts"), create=True)


def test_a_fold_is_read_as_it_was_written(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 3, RESULT, seconds=1.5)
    assert (record.fold, record.epochs, record.seconds) == (3, 2, 1.5)
    again = read_fold(artifacts, record, rows=2)
    assert again.curves == CURVES
    assert np.array_equal(again.probabilities, RESULT.probabilities)
    # The same bytes with every NumPy: nothing else lies there.
    with zipfile.ZipFile(io.BytesIO(artifacts.get(record.artifact))) as archive:
        named = [name.removesuffix(".npy") for name in archive.namelist()]
    assert named == ["probabilities", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]


def test_folds_count_up_to_the_first_that_is_missing(artifacts: ArtifactStore) -> None:
    records = [write_fold(artifacts, fold, RESULT, seconds=1) for fold in (0, 1, 3)]
    attributes = {record.attribute: record.as_dict() for record in records}
    assert [record.fold for record in finished_folds(attributes, 5)] == [0, 1]


AS_KEPT = {"fold": 1, "artifact": "a", "epochs": 1, "seconds": 1.0}


@pytest.mark.parametrize(
    "damage",
    [
        *({"fold": 0}, "hostile", 7, [AS_KEPT], AS_KEPT | {"fold": "x"}, AS_KEPT | {"fold": 2}),
        *(AS_KEPT | {"epochs": 0}, AS_KEPT | {"seconds": float("inf")}, AS_KEPT | {"artifact": None}),
    ],
)
def test_a_record_that_cannot_be_read_is_no_finished_fold(damage: object) -> None:
    first = AS_KEPT | {"fold": 0}
    assert [record.fold for record in finished_folds({"hpo:fold:0": first, "hpo:fold:1": AS_KEPT}, 5)] == [0, 1]
    assert [record.fold for record in finished_folds({"hpo:fold:0": first, "hpo:fold:1": damage}, 5)] == [0]


def test_an_artifact_that_is_no_fold_is_lost(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    for other in (b"no archive", b"PK\x03\x04 nor this", b""):
        with pytest.raises(FoldLostError, match="no fold result"):
            read_fold(artifacts, replace(record, artifact=artifacts.put(other)), rows=2)


def test_the_artifact_of_another_fold_is_lost(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    for other, rows in ((record, 3), (replace(record, epochs=3), 2)):
        with pytest.raises(FoldLostError, match="another fold's"):
            read_fold(artifacts, other, rows)


def test_an_artifact_that_is_gone_or_damaged_is_lost(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    (path,) = (path for path in Path(artifacts.location).rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FoldLostError, match="damaged"):
        read_fold(artifacts, record, rows=2)
    path.unlink()
    with pytest.raises(FoldLostError, match="is gone"):
        read_fold(artifacts, record, rows=2)


def test_a_packed_archive_is_refused_before_it_is_unpacked(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, probabilities=np.zeros((1000, 1000), dtype=np.float32))
    packed = artifacts.put(buffer.getvalue())
    with pytest.raises(FoldLostError, match=r"its part 'probabilities\.npy' is packed"):
        read_fold(artifacts, replace(record, artifact=packed), rows=2)


@pytest.mark.parametrize(("where", "value", "told"), [(6, 99, "zip file version"), (8, 32, "patched data"), (8, 1, "")])
def test_an_archive_that_cannot_be_unpacked_is_lost(
    where: int, value: int, told: str, artifacts: ArtifactStore
) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    data = artifacts.get(record.artifact)
    at = data.index(b"PK\x01\x02") + where  # in the table: what is needed to unpack the first part, and its flags
    other = artifacts.put(data[:at] + bytes([value]) + data[at + 1 :])
    with pytest.raises(FoldLostError, match=rf"no fold result: .*{told}"):
        read_fold(artifacts, replace(record, artifact=other), rows=2)
