"""`hpo delete`: told, asked, done; on every storage, and with artifacts in a folder and in S3."""

import json
import os
import subprocess
import sys

import optuna
import pytest

from preloaded import clean_environment
from storage.connection import open_storage

NOW = ("--yes", "--min-age", "0")


def artifacts(hpo) -> set[str]:
    return {
        path.name
        for path in (hpo.folder / "hpo-artifacts").rglob("*")
        if path.is_file() and path.parent.name != "named-by"
    }


def names(hpo) -> list[str]:
    return [study["study"] for study in hpo.json("studies")["studies"]]


@pytest.fixture(scope="module")
def answered(answered_study, tmp_path_factory):
    """An answered study and one that waits, of the same data."""
    hpo = answered_study(tmp_path_factory.mktemp("deleting"))
    hpo.create("waiting", 3)
    return hpo


def test_it_is_told_before_anything_goes_and_nothing_goes_unasked(answered) -> None:
    before = artifacts(answered)
    refused = answered.run("delete", "s")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    plan = answered.json("delete", "s", "--dry-run", "--min-age", "0")
    assert (plan["study"], plan["trials"], plan["shared"], plan["young"]) == ("s", 2, 2, 0)
    assert 5 <= plan["folds"] <= 10
    told = answered.ok("delete", "s", "--dry-run", "--min-age", "0")
    assert "Study 's': answered, 2 of 2 finished, 2 trials" in told
    assert f"{plan['artifacts']} artifacts" in told
    assert "2 artifacts that other studies name stay" in told
    assert "stored within 15 min" in answered.ok("delete", "s", "--dry-run")
    assert artifacts(answered) == before
    for arguments in (("delete",), ("delete", "s", "--orphans"), ("delete", "--orphans", "--keep-artifacts")):
        assert answered.run(*arguments, "--yes").returncode == 2


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_person_is_asked(answered, answer: str) -> None:
    answered.create(f"asked {answer}", 1)
    leader, follower = os.openpty()
    os.write(leader, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "delete", f"asked {answer}", "--min-age", "0"],
        cwd=answered.folder,
        env=clean_environment(),
        stdin=follower,
        capture_output=True,
        text=True,
        timeout=60,
    )
    os.close(leader)
    os.close(follower)
    assert "Delete all this for good? [y/N]" in done.stderr
    assert (done.returncode, f"asked {answer}" in names(answered)) == ((0, False) if answer == "y" else (1, True))


def test_an_answered_study_leaves_nothing_behind_but_what_others_name(answered) -> None:
    deleted = answered.json("delete", "s", *NOW)
    assert deleted["study"] == "s"
    assert deleted["left"] == 0
    assert "s" not in names(answered)
    assert len(artifacts(answered)) == 2  # the rows of the one that waits
    answered.ok("worker", "--study", "waiting", "--workers", "1")  # which has all that it needs
    storage = f"sqlite:///{answered.folder / 'hpo.db'}"
    optuna.delete_study(study_name="waiting", storage=storage)
    answered.create("last", 1)
    refused = answered.run("delete", "--orphans", *NOW)
    assert refused.returncode == 1
    assert "'waiting'" in refused.stderr
    gone = refused.stderr.split("--gone ")[1].split()[0].rstrip(".")
    assert answered.json("delete", "--orphans", *NOW, "--gone", gone)["artifacts"] >= 7
    assert len(artifacts(answered)) == 2


def test_a_study_that_workers_hold_is_not_deleted(hpo, background) -> None:
    hpo.create("s", 3, "--original", "skip", "--max-epochs", "200", "--patience", "200", "--lease-timeout", "6")
    worker = background(hpo.start("worker", "--study", "s", "--workers", "1"))
    for line in worker.stderr:
        if "epochs in" in line:
            break
    refused = hpo.run("delete", "s", *NOW)
    assert refused.returncode == 1
    assert "at work on study 's'" in refused.stderr
    worker.terminate()
    worker.communicate(timeout=60)
    hpo.ok("delete", "s", *NOW)
    assert artifacts(hpo) == set()


def test_on_s3(hpo, bucket) -> None:
    place = ("--artifacts", "s3://genes/studies")
    hpo.create("s", 1, *place)
    hpo.ok("worker", "--study", "s", "--workers", "1", *place)
    left = hpo.json("delete", "s", "--yes", *place)["left"]
    assert left > 5  # just stored
    hpo.create("t", 1, "--seed", "1", *place)
    assert hpo.json("delete", "--orphans", *NOW, *place)["artifacts"] == left
    kept = {entry["Key"] for entry in bucket.list_objects_v2(Bucket="genes")["Contents"]}
    assert len([key for key in kept if "named-by" not in key]) == 2
    assert hpo.json("delete", "t", *NOW, *place)["left"] == 0


def test_on_postgres_and_through_the_proxy(hpo, background, postgres) -> None:
    postgres.run("DROP DATABASE IF EXISTS deleting WITH (FORCE)")
    postgres.run("CREATE DATABASE deleting")
    database = postgres.uri("deleting")
    for study in ("s", "t"):
        hpo.create(study, 1, "--storage", database, "--artifacts", "artifacts")
    proxy = background(hpo.start("proxy", "--storage", database, "--port", "0"))
    behind = ("--storage", proxy.stdout.readline().strip(), "--artifacts", "artifacts")
    hpo.ok("worker", "--study", "s", "--workers", "1", *behind)
    assert hpo.json("delete", "s", *NOW, *behind)["artifacts"] >= 5
    assert hpo.json("delete", "t", *NOW, "--storage", database, "--artifacts", "artifacts")["artifacts"] == 2
    storage = open_storage(database)
    assert storage.get_all_studies() == []
    storage.close()
    assert json.loads((hpo.folder / "artifacts/named-by/all").read_text()) == {}
