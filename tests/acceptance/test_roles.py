"""The commands, each as a user of Postgres with the role of `storage/roles.sql` that is meant for it."""

import json
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from database_roles import database_with_roles


@pytest.fixture
def url_of(postgres) -> Iterator[Callable[[str], str]]:
    with database_with_roles(postgres, "roles_of_commands") as url_of:
        yield url_of


def test_each_command_works_with_the_role_that_is_meant_for_it(hpo, background, url_of) -> None:
    studies, worker, reader = (
        ("--storage", url_of(role), "--study", "s") for role in ("hpo_studies", "hpo_worker", "hpo_reader")
    )
    hpo.create("s", 1, "--folds", "2", *studies[:2])
    hpo.ok("worker", "--workers", "1", *worker)
    assert hpo.json("status", *reader)["complete"] == 1
    hpo.ok("finalize", "--output", "report", *studies)
    hpo.ok("extend", "--trials", "2", *studies)
    hpo.ok("pause", *studies)
    told = hpo.json("status", *reader)
    assert (told["complete"], told["budget"], told["state"]) == (1, 2, "paused")

    for refused in (("resume", *reader), ("resume", *worker), ("extend", "--trials", "3", *worker)):
        done = hpo.run(*refused)
        assert done.returncode == 1
        assert "permission denied for table" in done.stderr
        assert "storage/roles.sql" in done.stderr
        assert "fault in hpo" not in done.stderr

    process = background(hpo.start("dashboard", "--read-only", "--port", "0", *reader[:2]))
    link = process.stdout.readline().strip().removesuffix("/dashboard/")
    with urllib.request.urlopen(f"{link}/api/studies", timeout=30) as answer:  # noqa: S310 - our own
        assert [study["study_name"] for study in json.load(answer)["study_summaries"]] == ["s"]


def test_a_worker_that_may_write_to_trials_alone_finds_the_end_of_a_search(hpo, url_of) -> None:
    studies, worker, reader = (
        ("--storage", url_of(role), "--study", "s") for role in ("hpo_studies", "hpo_worker", "hpo_reader")
    )
    hpo.create("s", 40, "--folds", "2", "--patience-trials", "1", *studies[:2])
    hpo.ok("worker", "--workers", "1", *worker)
    # Nobody has written it down, and whoever looks is told.
    seen = hpo.json("status", *reader)
    finished = seen["complete"] + seen["pruned"] + seen["failed"]
    assert finished < 40
    assert (seen["state"], seen["budget"]) == ("done", finished)
    hpo.ok("finalize", "--output", "report", *studies)
    status = hpo.json("status", *reader)
    for one in (seen, status):
        assert one["ended"] == {"asked": 40, "trials": finished, "why": "patience"}
    assert (status["state"], status["budget"]) == ("done", finished)
