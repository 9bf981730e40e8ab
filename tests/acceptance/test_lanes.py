"""Workers with several trials at once: stopped, killed and hung, as real processes."""

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from optuna.trial import TrialState

from processes import children_of, until
from storage.connection import open_storage
from storage.trials.lease import DEATHS, REASON
from stored_trials import has_a_fold, running, trials

#: One death that is counted would end the trial.
ONCE = ("--retries", "0", "--sampler", "random", "--pruner", "none", "--folds", "2")
LANES = ("--workers", "1", "--device", "cpu", "--lanes", "3")


@pytest.fixture
def at_work(hpo, background, opened_here):
    """Starts one process with three lanes on a study; returns it and the study once all are in the middle of it."""

    def start(study: str, count: int):
        hpo.create(study, count, *ONCE)
        opened = opened_here(study)
        parent = background(hpo.start_anew("worker", "--study", study, *LANES))
        # The first fold waits for what is imported at the first step.
        until(lambda: has_a_fold(opened) and running(opened) == 3)
        return parent, opened

    return start


def test_a_signal_stops_all_lanes_and_their_trials_go_back(at_work) -> None:
    parent, opened = at_work("s", 50)
    parent.send_signal(signal.SIGTERM)
    _, talk = parent.communicate(timeout=60)
    assert parent.returncode == 143, talk
    assert "did not stop" not in talk
    assert "Traceback" not in talk
    assert {trial.state for trial in trials(opened)} <= {TrialState.WAITING, TrialState.COMPLETE}
    assert not any(DEATHS in trial.user_attrs for trial in trials(opened))


def test_a_killed_process_blames_none_of_its_trials_and_the_next_has_fewer(at_work) -> None:
    parent, opened = at_work("disturbed", 8)
    (killed,) = children_of(parent.pid)
    os.kill(killed, signal.SIGKILL)
    until(lambda: any(lanes_of(child) == "1" for child in children_of(parent.pid)))
    _, talk = parent.communicate(timeout=120)
    assert parent.returncode == 0, talk
    assert re.search(r"died with [23] trials in hand \(killed by SIGKILL\): none is blamed", talk), talk
    assert not any(DEATHS in trial.user_attrs for trial in trials(opened))
    assert [trial.state for trial in trials(opened)] == [TrialState.COMPLETE] * 8


def lanes_of(pid: int) -> str | None:
    """The lanes that a child was told to have; None where it has begun to be one only just now, or is no more."""
    with suppress(FileNotFoundError, ValueError):
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        return arguments[arguments.index("--lanes") + 1]
    return None


def test_steps_that_hang_are_blamed_one_by_one(hpo, opened_here) -> None:
    hpo.create("s", 2, *ONCE)
    # Every step takes longer than this, as a hung one does.
    hpo.ok("worker", *LANES, "--step-timeout", "0.001")
    for trial in trials(opened_here("s")):
        assert trial.state == TrialState.FAIL
        assert "hung" in trial.user_attrs[REASON]
        assert len(trial.user_attrs[DEATHS]) == 1


def test_more_lanes_than_connections_share_a_postgres(hpo, postgres) -> None:
    postgres.run("DROP DATABASE IF EXISTS lanes")
    postgres.run("CREATE DATABASE lanes")
    url = postgres.uri("lanes")
    open_storage(url, create=True).close()
    hpo.create("s", 12, *ONCE, "--storage", url, "--artifacts", "artifacts")
    hpo.ok("worker", "--storage", url, "--artifacts", "artifacts", *LANES[:-1], "12")
    status = hpo.json("status", "--storage", url, "--artifacts", "artifacts")
    assert (status["complete"], status["failed"], status["running"]) == (12, 0, 0)
