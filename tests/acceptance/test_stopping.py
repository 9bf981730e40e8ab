"""Stopping: the first signal lets the epoch end, a second acts at once; trials go back and no process is left."""

import os
import re
import signal
from pathlib import Path

import pytest

from processes import children_of, until
from stored_trials import has_a_fold, running

WORKER = ("worker", "--study", "s", "--workers", "2")
RUN = (
    *("run", "genes.csv", "--study", "s", "--trials", "50", "--space", "space.toml", "--max-epochs", "4"),
    *("--original", "all", "--output", "report", "--retries", "0", "--workers", "2"),
)
#: Both commands stop by one path, and for both signals; each has to be seen once.
COMMANDS = pytest.mark.parametrize(
    ("command", "number", "code"),
    [pytest.param(WORKER, signal.SIGTERM, 143, id="worker"), pytest.param(RUN, signal.SIGINT, 130, id="run")],
)


@pytest.fixture
def at_work(hpo, background, opened_here):
    """Starts a command with two worker processes; returns it and their process ids once both hold a trial."""

    def start(*command: str, anew: bool = False):
        # One death that is counted would end the trial.
        hpo.create("s", 50, "--retries", "0", "--original", "all")
        opened = opened_here("s")
        parent = background((hpo.start_anew if anew else hpo.start)(*command))
        until(lambda: running(opened) == 2 and has_a_fold(opened))
        return parent, children_of(parent.pid)

    return start


@COMMANDS
def test_the_first_signal_puts_the_trials_back(hpo, at_work, command, number: signal.Signals, code: int) -> None:
    # Both stop by one path: by one of them it is seen with processes that nothing prepared.
    parent, children = at_work(*command, anew=command == WORKER)
    parent.send_signal(number)
    _, talk = parent.communicate(timeout=60)
    assert parent.returncode == code, talk
    assert "Traceback" not in talk
    assert "did not stop" not in talk
    assert not any(is_alive(child) for child in children)
    check_put_back(hpo)


@COMMANDS
def test_a_second_signal_acts_at_once(hpo, at_work, command, number: signal.Signals, code: int) -> None:
    parent, children = at_work(*command, anew=command == WORKER)
    for child in children:
        # As one whose step does not come back: it hears nothing.
        os.kill(child, signal.SIGSTOP)
    until(lambda: all(state_of(child) == "T" for child in children))
    parent.send_signal(number)
    until(lambda: all(is_pending(signal.SIGTERM, child) for child in children))
    parent.send_signal(number)
    _, talk = parent.communicate(timeout=60)
    assert parent.returncode == code, talk
    assert "Traceback" not in talk
    # It is what a parent says whose patience with its children is over; here, ours was first.
    assert "did not stop" not in talk
    assert not any(is_alive(child) for child in children)
    check_put_back(hpo)


def test_a_scheduler_may_signal_every_process(hpo, at_work) -> None:
    parent, children = at_work(*WORKER)
    # The children hear it again from their parent.
    for pid in (*children, parent.pid):
        os.kill(pid, signal.SIGTERM)
    _, talk = parent.communicate(timeout=60)
    assert parent.returncode == 143, talk
    assert not any(is_alive(child) for child in children)
    check_put_back(hpo)


def test_a_child_of_a_dead_parent_stops(hpo, at_work) -> None:
    parent, children = at_work(*WORKER)
    parent.kill()
    parent.wait(timeout=30)
    until(lambda: not any(is_alive(pid) for pid in children))
    check_put_back(hpo)


def test_a_fold_goes_on_where_a_signal_interrupted_it(hpo, background, opened_here) -> None:
    """With the numbers of a search that nobody stopped."""
    long = ("--folds", "2", "--patience", "16", "--max-epochs", "16")
    for study in ("stopped", "whole"):
        hpo.ok("create-study", "genes.csv", "--study", study, "--trials", "1", "--space", "space.toml", *long)
    opened = opened_here("stopped")
    parent = background(hpo.start("worker", "--study", "stopped", "--workers", "1"))
    # Inside the second fold: its many epochs take much longer than a look.
    until(lambda: has_a_fold(opened))
    parent.send_signal(signal.SIGTERM)
    _, talk = parent.communicate(timeout=60)
    assert parent.returncode == 143, talk
    checkpoints = re.findall(r"trial 0 fold (\d+): checkpoint after epoch (\d+)", talk)
    assert checkpoints, talk
    for study in ("stopped", "whole"):
        done = hpo.run("worker", "--study", study, "--workers", "1")
        assert done.returncode == 0, done.stderr
        if study == "stopped":
            assert "trial 0 fold {}: goes on after epoch {}".format(*checkpoints[-1]) in done.stderr
    stopped, whole = (hpo.json("status", "--study", study)["best"] for study in ("stopped", "whole"))
    assert stopped == whole


def check_put_back(hpo) -> None:
    status = hpo.json("status", "--study", "s")
    assert (status["running"], status["failed"]) == (0, 0)


def is_pending(number: signal.Signals, pid: int) -> bool:
    """Whether a signal was sent to a process that has not heard it yet."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("ShdPnd"))
    return bool(int(line.split()[1], 16) & 1 << (number - 1))


def is_alive(pid: int) -> bool:
    # A zombie has ended; whoever inherited it has not collected it yet.
    return state_of(pid) not in (None, "Z")


def state_of(pid: int) -> str | None:
    """As `ps` shows it: T is stopped, Z is a zombie; None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None
