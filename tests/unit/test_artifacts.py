"""The artifact store in a folder: whole, checked, once."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.artifacts import default_artifact_location, open_artifacts
from storage.errors import ArtifactCorruptError, ArtifactMissingError, StorageError


@pytest.fixture
def store(tmp_path):
    return open_artifacts(str(tmp_path / "artifacts"), create=True)


def files(store) -> list[Path]:
    return [path for path in Path(store.location).rglob("*") if path.is_file()]


@given(data=st.binary())
def test_what_is_put_is_got(tmp_path_factory, data):
    store = open_artifacts(str(tmp_path_factory.getbasetemp() / "shared"), create=True)
    sha256 = store.put(data)
    assert store.exists(sha256)
    assert store.get(sha256) == data


def test_the_same_bytes_are_kept_once_under_their_hash(store):
    first = store.put(b"fold")
    assert store.put(b"fold") == first
    assert [path.name for path in files(store)] == [first]
    assert files(store)[0].relative_to(store.location).parts == (first[:2], first[2:4], first)


def test_damaged_bytes_are_found_when_read(store):
    sha256 = store.put(b"probabilities")
    files(store)[0].write_bytes(b"probabilitieS")
    with pytest.raises(ArtifactCorruptError, match=sha256[:12]):
        store.get(sha256)


def test_what_was_damaged_is_written_anew_when_it_is_put_again(store):
    sha256 = store.put(b"probabilities")
    files(store)[0].write_bytes(b"probabilitieS")
    assert store.put(b"probabilities") == sha256
    assert store.get(sha256) == b"probabilities"


def test_missing_artifacts_and_things_that_are_no_hash(store):
    for sha256 in ("0" * 64, "../../etc/passwd", "", "F" * 64):
        with pytest.raises(ArtifactMissingError):
            store.get(sha256)
    assert not store.exists("0" * 64)


def test_a_write_that_breaks_off_leaves_nothing(store, monkeypatch):
    """The trap: Optuna's file store writes in place, so a full disk leaves half a file under the full name."""

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            store.put(b"fold")
    assert files(store) == []
    assert store.get(store.put(b"fold")) == b"fold"


def test_the_folder_is_made_only_when_asked(tmp_path):
    place = tmp_path / "deep" / "artifacts"
    with pytest.raises(StorageError, match="does not exist"):
        open_artifacts(str(place))
    open_artifacts(str(place), create=True)
    assert open_artifacts(str(place)).location == str(place)


def test_places_that_cannot_be_used(tmp_path):
    (tmp_path / "file").touch()
    for location in (str(tmp_path / "file"), str(tmp_path / "file" / "below")):
        with pytest.raises(StorageError, match="artifact folder"):
            open_artifacts(location, create=True)
    with pytest.raises(StorageError, match="neither a folder nor in S3") as caught:
        open_artifacts("https://ann:SECRET@example.org/x")
    assert "SECRET" not in str(caught.value)
    with pytest.raises(StorageError, match="names no bucket"):
        open_artifacts("s3:///prefix")


def test_artifacts_lie_beside_the_sqlite_file(tmp_path):
    assert default_artifact_location(f"sqlite:///{tmp_path}/hpo.db") == str(tmp_path / "hpo-artifacts")
    assert default_artifact_location("sqlite:///hpo.db") == "hpo-artifacts"


def test_a_database_has_no_folder_beside_it_so_the_path_is_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url in ("postgresql://db/hpo", "grpc://host:13000"):
        assert default_artifact_location(url) == str(tmp_path / "hpo-artifacts")
