"""Artifacts in S3: a study from its making to its answer, and workers that outlast an outage of S3."""

import json
import time

import pytest

PLACE = ("--artifacts", "s3://genes/studies")


@pytest.fixture(autouse=True)
def _credentials(bucket) -> None:
    """In the environment, where every process finds them."""


def test_a_study_needs_no_folder_for_its_artifacts(hpo, bucket) -> None:
    hpo.create("s", 2, *PLACE)
    (hpo.folder / "genes.csv").unlink()  # a worker needs storage, study and artifact location, and nothing else
    hpo.ok("worker", "--study", "s", "--workers", "2", *PLACE)
    hpo.ok("finalize", "--study", "s", "--output", "report", *PLACE)
    result = json.loads((hpo.folder / "report" / "result.json").read_text())
    assert result["trials"]["complete"] + result["trials"]["pruned"] == 2
    assert not (hpo.folder / "hpo-artifacts").exists()
    keys = [entry["Key"] for entry in bucket.list_objects_v2(Bucket="genes")["Contents"]]
    assert keys
    assert all(key.startswith("studies/") for key in keys)


def test_a_worker_waits_for_s3_as_it_waits_for_a_database(hpo, background, s3_server) -> None:
    hpo.create("s", 3, *PLACE, "--pruner", "none")
    worker = background(hpo.start("worker", "--study", "s", "--workers", "1", *PLACE))
    read_until(worker.stderr, "epochs in")  # the end of fold 0
    s3_server.stop()
    try:
        read_until(worker.stderr, "Trying again")
    finally:
        s3_server.start()
    _, talk = worker.communicate(timeout=240)
    assert worker.returncode == 0, talk
    assert "died" not in talk
    status = hpo.json("status", "--study", "s", *PLACE)
    assert (status["complete"], status["failed"], status["folds_trained"]) == (3, 0, 15)


def test_a_worker_that_is_asked_to_stop_does_not_wait_for_s3(hpo, background, s3_server) -> None:
    # One death that is counted would end the trial.
    long = ("--original", "skip", "--retries", "0", "--folds", "2", "--max-epochs", "200", "--patience", "200")
    hpo.create("s", 1, *PLACE, *long)
    worker = background(hpo.start("worker", "--study", "s", "--workers", "1", *PLACE))
    read_until(worker.stderr, "epochs in")  # the end of fold 0
    s3_server.stop()
    try:
        worker.terminate()
        _, talk = worker.communicate(timeout=60)
    finally:
        s3_server.start()
    assert worker.returncode == 143, talk
    # The checkpoint is given up, and the trial goes back by the worker's own hand before its parent's patience is over.
    assert "no checkpoint after epoch" in talk
    assert "put back" in talk
    assert "did not stop" not in talk
    status = hpo.json("status", "--study", "s", *PLACE)
    assert (status["waiting"], status["failed"], status["folds_trained"]) == (1, 0, 1)


def read_until(lines, word: str, timeout_s: float = 120) -> None:
    """Read a process's talk up to a line that holds a word."""
    deadline = time.monotonic() + timeout_s
    for line in lines:
        assert time.monotonic() < deadline, f"{word!r} was not said in time"
        if word in line:
            return
    raise AssertionError(f"{word!r} was never said")
