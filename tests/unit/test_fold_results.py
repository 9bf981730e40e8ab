"""A finished fold: what is written is what is read, and what is damaged is said to be."""

import io
from pathlib import Path

import numpy as np
import pytest

from hpo.errors import ContractError
from hpo.study.attributes import finished_folds
from hpo.trial.fold_results import read_fold, write_fold
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
    again = read_fold(artifacts, record)
    assert again.curves == CURVES
    assert np.array_equal(again.probabilities, RESULT.probabilities)


def test_folds_count_up_to_the_first_that_is_missing(artifacts: ArtifactStore) -> None:
    records = [write_fold(artifacts, fold, RESULT, seconds=1) for fold in (0, 1, 3)]
    attributes = {record.attribute: record.as_dict() for record in records}
    assert [record.fold for record in finished_folds(attributes, 5)] == [0, 1]


@pytest.mark.parametrize("damage", [{"fold": 0}, "hostile", {"fold": "x", "artifact": 1, "epochs": 1, "seconds": 1}])
def test_a_damaged_record_is_refused(damage: object) -> None:
    with pytest.raises(ContractError, match="fold 0"):
        finished_folds({"hpo:fold:0": damage}, 5)


def test_an_artifact_that_is_no_fold_is_refused(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    other = artifacts.put(b"no archive")
    with pytest.raises(ContractError, match="no fold result"):
        read_fold(artifacts, type(record)(**{**record.as_dict(), "artifact": other}))


def test_a_packed_archive_is_refused_before_it_is_unpacked(artifacts: ArtifactStore) -> None:
    record = write_fold(artifacts, 0, RESULT, seconds=1)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, probabilities=np.zeros((1000, 1000), dtype=np.float32))
    packed = artifacts.put(buffer.getvalue())
    with pytest.raises(ContractError, match=r"its part 'probabilities\.npy' is packed"):
        read_fold(artifacts, type(record)(**{**record.as_dict(), "artifact": packed}))
