"""Artifacts in S3: a study from its making to its answer, and workers that outlast an outage of S3."""

import json
import os
import signal
import time

import pytest

from processes import children_of, until

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
    read_until(worker.stderr, "fold 0")
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
    long = ("--retries", "0", "--max-epochs", "100000", "--patience", "100000")
    hpo.create("s", 1, *PLACE, *long)
    worker = background(hpo.start("worker", "--study", "s", "--workers", "1", *PLACE))
    until(lambda: hpo.json("status", "--study", "s", *PLACE)["running"] == 1)
    (child,) = children_of(worker.pid)
    s3_server.stop()
    try:
        os.kill(child, signal.SIGTERM)
        # Its checkpoint is not stored, and the trial goes back all the same, by the worker's own hand.
        read_until(worker.stderr, "no checkpoint after epoch")
        read_until(worker.stderr, "put back")
        _, talk = worker.communicate(timeout=60)
    finally:
        s3_server.start()
    assert worker.returncode == 1, talk
    status = hpo.json("status", "--study", "s", *PLACE)
    assert (status["waiting"], status["failed"]) == (1, 0)


def read_until(lines, word: str, timeout_s: float = 120) -> None:
    """Read a process's talk up to a line that holds a word."""
    deadline = time.monotonic() + timeout_s
    for line in lines:
        if word in line:
            return
        assert time.monotonic() < deadline, f"{word!r} was not said in time"
    raise AssertionError(f"{word!r} was never said")
