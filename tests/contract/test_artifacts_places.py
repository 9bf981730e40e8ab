"""Artifacts in S3, over HTTP against a server that speaks its protocol; and what optuna-dashboard is shown."""

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import InMemoryStorage

from storage.artifacts import NamedBlobs, open_artifacts
from storage.artifacts.dashboard import RECORD_PREFIX, DashboardArtifacts, attach, attached
from storage.artifacts.folder import FolderBlobs
from storage.artifacts.notes import Note, keep_notes_from_the_start, leave_note, read_notes, time_in
from storage.artifacts.s3 import S3Blobs
from storage.errors import ArtifactCorruptError, ArtifactMissingError, StorageError, StorageUnavailableError
from storage.retry import RetryPolicy


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
    with pytest.raises(StorageUnavailableError, match=r"does not answer .*AWS_ENDPOINT_URL"):
        S3Blobs.open("s3://genes", opening=RetryPolicy(deadline_s=0.1))


@pytest.mark.parametrize("call", ["put", "get", "exists"])
def test_a_server_that_goes_away_is_waited_for_as_a_database_is(s3_server, bucket, caplog, eventually, call):
    store = open_artifacts("s3://genes")
    assert store.blobs.policy == RetryPolicy()
    sha256 = store.put(b"fold")
    argument = {"put": b"next"}.get(call, sha256)
    s3_server.stop()
    with ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING):
        try:
            waiting = pool.submit(getattr(store, call), argument)
            eventually(lambda: "s3://genes" in caplog.text and "Trying again" in caplog.text)
            assert not waiting.done()
        finally:
            s3_server.start()
        answer = waiting.result(timeout=120)
    assert answer == {"put": store.put(b"next"), "get": b"fold", "exists": True}[call]


def test_a_server_that_comes_late_may_be_waited_for(s3_server, bucket, caplog, eventually):
    s3_server.stop()
    with ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING):
        try:
            opening = pool.submit(open_artifacts, "s3://genes", opening=RetryPolicy(deadline_s=120))
            eventually(lambda: "Trying again" in caplog.text)
        finally:
            s3_server.start()
        assert opening.result(timeout=120).location == "s3://genes"


@pytest.mark.parametrize(
    ("status", "code", "tries"), [(503, "SlowDown", 2), (500, "InternalError", 2), (403, "AccessDenied", 1)]
)
def test_a_refusal_that_passes_is_tried_again_and_one_that_stays_is_not(bucket, status, code, tries):
    store = open_artifacts("s3://genes")
    sent = []

    def refuse_the_first(http_response, parsed, model, **rest):
        sent.append(model.name)
        if len(sent) == 1:
            http_response.status_code = parsed["ResponseMetadata"]["HTTPStatusCode"] = status
            parsed["Error"] = {"Code": code, "Message": "as S3 says it"}

    store.blobs.client.meta.events.register("after-call.s3.HeadObject", refuse_the_first)
    if tries == 1:
        with pytest.raises(StorageUnavailableError, match=code) as caught:
            store.exists("0" * 64)
        assert isinstance(caught.value.__cause__, ClientError)
    else:
        assert not store.exists("0" * 64)
    assert len(sent) == tries


def test_bytes_of_a_name_are_replaced_whole_and_removed(store):
    blobs = NamedBlobs(store)
    blobs.write("checkpoints/a-1", b"one")
    blobs.write("checkpoints/a-2", b"")
    blobs.write("checkpoints/a-1", b"two")
    assert blobs.read("checkpoints/a-1") == b"two"
    blobs.remove("checkpoints/a-1")
    blobs.remove("checkpoints/a-1")
    with pytest.raises(ArtifactMissingError, match="'checkpoints/a-1' is not at"):
        blobs.read("checkpoints/a-1")
    assert blobs.read("checkpoints/a-2") == b""


@pytest.mark.parametrize("stored", [b"", b"short", b"0" * 64, b"0" * 64 + b"state"])
def test_damaged_bytes_of_a_name_are_found_when_read(store, stored):
    store.blobs.write("checkpoints/a-1", stored)
    with pytest.raises(ArtifactCorruptError, match="damaged"):
        NamedBlobs(store).read("checkpoints/a-1")


def test_all_that_lies_in_a_place_is_listed_with_size_and_time(store):
    keep_notes_from_the_start(store)
    sha256 = store.put(b"fold")
    NamedBlobs(store).write("checkpoints/a-1", b"state")
    leave_note(store, Note(id="0" * 32, study="s", storage="sqlite:///hpo.db", made="2026-01-01T10:00:00+00:00"))
    store.blobs.write("named-by/" + "1" * 32, b"nonsense")
    keep_notes_from_the_start(store)
    now = time_in(store)
    listed = {entry.name: entry for entry in store.blobs.entries()}
    blob = f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
    assert {blob, "checkpoints/a-1", "named-by/all", f"named-by/{'0' * 32}"} < set(listed)
    assert (listed[blob].size, listed["checkpoints/a-1"].size) == (4, 64 + 5)
    assert all(now - 60 < entry.modified <= now for entry in listed.values())
    assert store.blobs.entry(blob).size == 4
    with pytest.raises(KeyError):
        store.blobs.entry("ab/cd/none")
    assert {(note.short_id, note.study) for note in read_notes(store, listed.values())} == {
        ("0" * 12, "s"),
        ("1" * 12, ""),
    }


def test_more_than_a_page_is_listed(bucket):
    store = open_artifacts("s3://genes/study")
    bucket.put_object(Bucket="genes", Key="studyless", Body=b"")
    # Behind the server's back: a thousand requests would take half a minute.
    served = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(1001):
        served.put_object("genes", f"study/a{number}", b"")
    assert {entry.name for entry in store.blobs.entries()} == {f"a{number}" for number in range(1001)}


def test_a_folder_s_links_and_pipes_are_not_listed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").touch()
    store = open_artifacts(str(tmp_path / "artifacts"), create=True)
    (tmp_path / "artifacts/folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "artifacts/file").symlink_to(tmp_path / "elsewhere/file")
    os.mkfifo(tmp_path / "artifacts/pipe")
    assert list(store.blobs.entries()) == []


def test_bytes_that_are_stored_again_look_new(store):
    sha256 = store.put(b"fold")
    if isinstance(store.blobs, FolderBlobs):
        os.utime(store.blobs.root / sha256[:2] / sha256[2:4] / sha256, (0, 0))
    before = store.blobs.entry(f"{sha256[:2]}/{sha256[2:4]}/{sha256}").modified
    written = []
    if not isinstance(store.blobs, FolderBlobs):
        store.blobs.client.meta.events.register("after-call.s3.PutObject", lambda **_: written.append(1))
    store.put(b"fold")
    assert written or store.blobs.entry(f"{sha256[:2]}/{sha256[2:4]}/{sha256}").modified > before


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
