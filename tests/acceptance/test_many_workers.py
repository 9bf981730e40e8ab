"""Real workers on one study: one dies, all are paused, a child gives up."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from processes import children_of, until
from storage.connection import open_storage
from storage.trials.lease import DEATHS, WorkerIdentity, lease_of
from stored_trials import has_a_fold, numbers, running, trials


@pytest.fixture
def database(postgres) -> str:
    postgres.run("DROP DATABASE IF EXISTS workers")
    postgres.run("CREATE DATABASE workers")
    open_storage(postgres.uri("workers"), create=True).close()
    return postgres.uri("workers")


@pytest.fixture
def opened(hpo, database) -> Iterator[Callable[[str], OpenedStudy]]:
    sessions: list[OpenedStudy] = []

    def open_one(study: str) -> OpenedStudy:
        artifacts = str(hpo.folder / "hpo-artifacts")
        sessions.append(open_study(StudyAddress(storage=database, study=study, artifacts=artifacts)))
        return sessions[-1]

    yield open_one
    for opened in sessions:
        opened.storage.close()


def test_a_dead_worker_s_trial_is_finished_by_another_with_the_same_numbers(hpo, background, database, opened) -> None:
    place = ("--storage", database)
    space = ("--original", "all", "--sampler", "random", "--max-epochs", "8", "--lease-timeout", "2")
    for study in ("undisturbed", "disturbed"):
        hpo.create(study, 2, *space, *place)
    (hpo.folder / "genes.csv").unlink()  # a worker needs no copy of the data
    disturbed = opened("disturbed")
    first = background(hpo.start("worker", "--workers", "1", "--study", "disturbed", *place))
    until(lambda: has_a_fold(disturbed))
    # The parent first: it would give the trial back at once, and what is to be seen here is the lease running out.
    for pid in (first.pid, *children_of(first.pid)):
        os.kill(pid, signal.SIGKILL)
    dead = {lease.worker for trial in trials(disturbed) if trial.state.name == "RUNNING" and (lease := lease_of(trial))}
    assert len(dead) == 1

    hpo.ok("worker", "--workers", "1", "--study", "disturbed", *place)
    hpo.ok("worker", "--workers", "1", "--study", "undisturbed", *place)
    deaths = [death for trial in trials(disturbed) for death in trial.user_attrs.get(DEATHS, [])]
    assert [death["worker"] for death in deaths] == list(dead)
    (moved,) = (trial for trial in trials(disturbed) if DEATHS in trial.user_attrs)
    assert lease_of(moved).worker not in dead
    undisturbed = opened("undisturbed")
    assert [numbers(trial) for trial in trials(disturbed)] == [numbers(trial) for trial in trials(undisturbed)]


def test_a_death_is_noticed_while_everybody_else_is_busy(hpo, background, opened_here) -> None:
    # A trial that does not end in this test's time.
    for_ever = ("--max-epochs", "100000", "--patience", "100000", "--lease-timeout", "2")
    hpo.create("s", 3, *for_ever)
    opened = opened_here("s")
    dead = opened.queue.claim(WorkerIdentity(worker="dead", host="elsewhere", pid=1, device="cpu"), opened.budget)
    worker = background(hpo.start("worker", "--workers", "1"))
    until(lambda: DEATHS in trials(opened)[dead.number].user_attrs)
    living = [trial for trial in trials(opened) if trial.state.name == "RUNNING"]
    assert [trial.number for trial in living] != [dead.number]
    assert all("hpo:fold:0" not in trial.user_attrs for trial in living)
    worker.terminate()
    assert worker.wait(timeout=60) == 143


def test_pause_lets_trials_end_and_hands_out_none_and_resume_goes_on(hpo, background, opened_here) -> None:
    hpo.create("s", 12)
    opened = opened_here("s")
    at_work = background(hpo.start("worker", "--workers", "2"))
    until(lambda: running(opened) == 2)
    hpo.ok("pause")
    until(lambda: running(opened) == 0)
    paused = hpo.json("status")
    assert paused["state"] == "paused"
    assert paused["complete"] + paused["pruned"] < 12
    assert paused["waiting"] + paused["complete"] + paused["pruned"] == 12
    # One that joins has nothing to do either, for as long as it is there.
    late = hpo.run("worker", "--workers", "1", "--timeout", "3")
    assert (late.returncode, "hpo resume" in late.stderr) == (0, True)
    assert at_work.poll() is None
    after = hpo.json("status")
    assert (after["complete"], after["pruned"]) == (paused["complete"], paused["pruned"])

    hpo.ok("resume")
    _, talk = at_work.communicate(timeout=200)
    assert at_work.returncode == 0, talk
    assert "the study is paused: waiting for hpo resume" in talk
    assert "the study is open again" in talk
    assert "Next: hpo finalize --study s" in talk
    done = hpo.json("status")
    assert (done["state"], done["complete"] + done["pruned"], done["failed"]) == ("done", 12, 0)


def test_a_parent_whose_child_gives_up_says_so_by_its_exit_code(hpo, background, opened_here) -> None:
    hpo.create("s", 50)
    opened = opened_here("s")
    parent = background(hpo.start("worker", "--workers", "2"))
    until(lambda: has_a_fold(opened))
    # Nothing can be stored any more.
    (hpo.folder / "hpo-artifacts").rename(hpo.folder / "gone")
    (hpo.folder / "hpo-artifacts").touch()
    assert parent.wait(timeout=100) == 1
    assert all(trial.state.name != "RUNNING" for trial in trials(opened))
    assert not any(DEATHS in trial.user_attrs for trial in trials(opened))
