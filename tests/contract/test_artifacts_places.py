"""Artifacts in S3, over HTTP against a server that speaks its protocol; and what optuna-dashboard is shown."""

import json

import boto3
import optuna
import pytest
from moto.server import ThreadedMotoServer
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import InMemoryStorage

from storage.artifacts import open_artifacts
from storage.artifacts.dashboard import RECORD_PREFIX, DashboardArtifacts, attach, attached
from storage.artifacts.s3 import S3Blobs
from storage.errors import ArtifactCorruptError, ArtifactMissingError, StorageError, StorageUnavailableError


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3")
    client.create_bucket(Bucket="genes")
    yield client
    for entry in client.list_objects_v2(Bucket="genes").get("Contents", []):
        client.delete_object(Bucket="genes", Key=entry["Key"])
    client.delete_bucket(Bucket="genes")
    client.close()


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "folder":
        return open_artifacts(str(tmp_path), create=True)
    request.getfixturevalue("bucket")
    return open_artifacts("s3://genes/study/one")


def test_bytes_lie_under_the_prefix_and_their_hash(bucket):
    store = open_artifacts("s3://genes/study/one/")
    sha256 = store.put(b"fold")
    assert store.put(b"fold") == sha256
    keys = [entry["Key"] for entry in bucket.list_objects_v2(Bucket="genes")["Contents"]]
    assert keys == [f"study/one/{sha256[:2]}/{sha256[2:4]}/{sha256}"]
    assert store.get(sha256) == b"fold"
    assert open_artifacts("s3://genes").location == "s3://genes"


def test_missing_and_damaged_bytes(bucket):
    store = open_artifacts("s3://genes")
    with pytest.raises(ArtifactMissingError):
        store.get("0" * 64)
    sha256 = store.put(b"fold")
    bucket.put_object(Bucket="genes", Key=f"{sha256[:2]}/{sha256[2:4]}/{sha256}", Body=b"FOLD")
    with pytest.raises(ArtifactCorruptError):
        store.get(sha256)


def test_a_bucket_that_is_not_there(bucket):
    with pytest.raises(StorageError, match="no S3 bucket 'gones'"):
        open_artifacts("s3://gones/x")


def test_a_server_that_is_not_there(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("storage.artifacts.s3.RETRIES", {"mode": "standard", "max_attempts": 1})
    with pytest.raises(StorageUnavailableError, match="AWS_ENDPOINT_URL"):
        S3Blobs.open("s3://genes")


def test_a_plot_is_shown_and_replaced_by_name(store):
    study = optuna.create_study(storage=InMemoryStorage())
    storage, study_id = study._storage, study._study_id
    history = attach(storage, study_id, store, "history.png", "image/png", b"old")
    other = attach(storage, study_id, store, "network.png", "image/png", b"old")
    assert attach(storage, study_id, store, "history.png", "image/png", b"new") == history
    assert attached(storage, study_id) == {history: "history.png", other: "network.png"}
    # Optuna's own reader agrees on what there is.
    shown = {meta.filename: meta for meta in optuna.artifacts.get_all_artifact_meta(study)}
    assert set(shown) == {"history.png", "network.png"}
    assert shown["history.png"].mimetype == "image/png"
    artifacts = DashboardArtifacts(store)
    assert artifacts.open_reader(shown["history.png"].artifact_id).read() == b"new"
    assert artifacts.open_reader(other).read() == b"old"


def test_what_optuna_uploads_itself_is_found(store, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    study = optuna.create_study()
    artifacts = DashboardArtifacts(store)
    artifact_id = optuna.artifacts.upload_artifact(artifact_store=artifacts, file_path=str(path), study_or_trial=study)
    assert artifacts.open_reader(artifact_id).read() == b"notes"
    artifacts.remove(artifact_id)
    for use in (artifacts.open_reader, artifacts.remove):
        for unknown in (artifact_id, "../x", ""):
            with pytest.raises(ArtifactNotFound):
                use(unknown)


def test_bytes_come_before_the_record(tmp_path, store, monkeypatch):
    """The trap: Optuna's upload writes the record first, and a crash leaves one that leads nowhere."""
    path = tmp_path / "plot.png"
    path.touch()
    study = optuna.create_study()

    def full(*arguments):
        raise StorageError("full")

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(StorageError):
        optuna.artifacts.upload_artifact(
            artifact_store=DashboardArtifacts(store), file_path=str(path), study_or_trial=study
        )
    assert len(records(study)) == 1
    with pytest.raises(StorageError):
        attach(study._storage, study._study_id, store, "plot.png", "image/png", b"")
    assert len(records(study)) == 1


def records(study) -> list[dict]:
    attributes = study._storage.get_study_system_attrs(study._study_id)
    return [json.loads(value) for key, value in attributes.items() if key.startswith(RECORD_PREFIX)]
