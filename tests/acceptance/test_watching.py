"""Workers as others watch them: their log as JSON, and what `hpo status` tells of them."""

import json


def test_a_worker_s_log_is_json_to_its_end(hpo) -> None:
    hpo.create("s", 2)
    done = hpo.run("worker", "--study", "s", "--workers", "1", "--log-format", "json")
    assert (done.returncode, done.stdout) == (0, "")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert len({tuple(event) for event in events}) == 1  # the same keys in the same order
    folds = {(event["trial"], event["fold"]) for event in events if " epochs in " in event["message"]}
    assert {(0, fold) for fold in range(5)} <= folds
    assert {event["study"] for event in events} == {"s"}
    assert [event["message"] for event in events][-1].startswith("All trials are finished. Next: hpo finalize")
    # The parent works on no device, its child does.
    assert {event["device"] for event in events if event["trial"] is not None} == {"cpu"}
    failed = hpo.run("worker", "--study", "none", "--log-format", "json")
    assert failed.returncode == 1
    assert [json.loads(line)["level"] for line in failed.stderr.splitlines()] == ["error", "error"]


def test_status_tells_fold_epoch_and_rate_of_those_at_work(hpo, background) -> None:
    hpo.create("s", 1, "--max-epochs", "500", "--patience", "500", "--lease-timeout", "1", "--folds", "2")
    background(hpo.start("worker", "--study", "s", "--workers", "1"))
    while True:
        (worker,) = hpo.json("status", "--study", "s")["workers"] or [{"epochs": 0}]
        if worker["epochs"] > 1:
            break
    assert worker["trial"] == 0
    assert worker["fold"] in (0, 1)
    assert worker["rows_per_s"] > 1
    told = hpo.ok("status", "--study", "s")
    assert " of 500, " in told
    assert "the commoner class alone 0." in told


def test_create_study_says_where_the_artifacts_went(hpo, postgres) -> None:
    postgres.run("DROP DATABASE IF EXISTS told WITH (FORCE)")
    postgres.run("CREATE DATABASE told")
    made = ("create-study", "genes.csv", "--trials", "1", "--space", "space.toml", "--study", "s")
    here = f"{hpo.folder / 'hpo-artifacts'}"
    told = hpo.ok(*made)
    assert f"  artifacts    {here}\n" in told
    assert told.endswith("Next: hpo worker --study s\n")
    behind = hpo.ok(*made, "--storage", postgres.uri("told"))
    assert behind.endswith(f"Next: hpo worker --study s --artifacts '{here}'\n")
    assert hpo.json(*made[:-1], "t", "--artifacts", "elsewhere")["artifacts"] == str(hpo.folder / "elsewhere")
