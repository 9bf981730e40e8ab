"""What is watched fits on the screen that there is, whatever there is to see."""

import contextlib
import os
import pty
import re
from dataclasses import replace

import pytest

from hpo.cli.watch import screen, watch_status
from hpo.study.status import Best, Status, WorkerStatus

BEST = Best(number=17, cv_accuracy=0.875, cv_score=0.875, interval95=(0.85, 0.9), params={})


def worker(number: int, host: str = "node", **more) -> WorkerStatus:
    told = {"epochs": 7, "rows_per_s": 1204.4, "silent_s": 3.0, "fold": 2}
    return WorkerStatus(
        worker=f"{host}-{number}", host=host, pid=1, device=f"cuda:{number % 8}", trial=number, **told | more
    )


def status(*workers: WorkerStatus, **more) -> Status:
    told = {"best": BEST, "state": "open", "seconds_left": 600.0, "finalize_seconds": 60.0}
    return Status(
        study="first",
        budget=200,
        complete=37,
        pruned=5,
        failed=0,
        running=len(workers),
        waiting=158,
        foreign=0,
        workers=workers,
        majority_accuracy=0.5312,
        max_epochs=20,
        folds_trained=188,
        folds_saved=22,
        **told | more,
    )


def test_who_helps_has_a_line_too() -> None:
    lines = screen(status(worker(1, "b"), worker(1, "c", fold=3, rows_per_s=None, helps=True)), 80, 24)
    assert lines[-2:] == [
        "b     cuda:1      1        2   7/20   1,204  3 s ago",
        "c     cuda:1      1  3 ahead   7/20          3 s ago",
    ]


def test_each_worker_has_a_line_by_host_and_device() -> None:
    shown = screen(status(worker(2, "b"), worker(1, "b", fold=None, epochs=0, rows_per_s=None), worker(0, "a")), 80, 24)
    assert shown == [
        "Study first: open, 42 of 200 trials finished",
        "complete 37, pruned 5, failed 0, waiting 158",
        "best CV accuracy 0.8750 (0.8500 to 0.9000, trial 17)",
        "the commoner class alone 0.5312",
        "folds trained 188, saved by pruning 22",
        "3 at work on 2,409 rows/s, about 11 min to the report",
        "",
        "host  device  trial  fold  epoch  rows/s    heard",
        "a     cuda:0      0     2   7/20   1,204  3 s ago",
        "b     cuda:1      1                       3 s ago",
        "b     cuda:2      2     2   7/20   1,204  3 s ago",
    ]


@pytest.mark.parametrize(("hosts", "each"), [(1, 1), (1, 200), (25, 8), (200, 1), (3, 5)])
@pytest.mark.parametrize("height", [10, 24, 50])
def test_it_fits_and_leaves_no_worker_untold(hosts: int, each: int, height: int) -> None:
    every = [
        worker(host * each + number, f"a-host-whose-name-is-rather-long-{host:03}")
        for host in range(hosts)
        for number in range(each)
    ]
    shown = screen(status(*every), 80, height)
    assert len(shown) <= height
    assert all(len(line) <= 80 for line in shown)
    assert f"{hosts * each} at work on {hosts * each * 1204.4:,.0f} rows/s, about 11 min to the report" in shown
    rows = [line for line in shown if line.startswith("a-host")]
    more = re.search(r"and (\d+) more hosts", shown[-1])
    assert len(rows) in (hosts * each, hosts) or len(rows) + int(more[1]) == hosts


def test_what_others_wrote_commands_no_screen() -> None:
    (line,) = [one for one in screen(status(worker(0, "\x1b[2J\u202ehost")), 80, 24) if "cuda:0" in one]
    assert "\\x1b[2J" in line


def test_a_study_without_workers_and_trials_is_shown_too() -> None:
    shown = screen(status(best=None, seconds_left=None), 80, 24)
    assert "no complete trial yet; the commoner class alone 0.5312" in shown
    assert shown[-1] == "0 at work"


def read_to_its_end(leader: int) -> str:
    """What was written to a terminal that is closed by now; it comes in as many pieces as the kernel likes."""
    pieces = []
    with os.fdopen(leader, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
        while piece := terminal.read(4096):
            pieces.append(piece)
    return b"".join(pieces).decode()


def test_on_a_terminal_it_is_drawn_again_without_colour(monkeypatch) -> None:
    leader, follower = pty.openpty()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    reads = iter([status(worker(0)), status(state="done")])
    with os.fdopen(follower, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        watch_status(lambda: next(reads), interval_s=0.0)
    drawn = read_to_its_end(leader)
    assert "node  cuda:0      0     2   7/20" in drawn
    assert "first: done" in drawn
    assert not re.search(r"\x1b\[[0-9;]*m", drawn)  # colours and weights


def test_without_a_terminal_each_step_is_a_line(capsys) -> None:
    reads = iter([status(), status(), replace(status(), complete=38, state="done")])
    watch_status(lambda: next(reads), interval_s=0.0)
    assert [line.split(" trials")[0] for line in capsys.readouterr().err.splitlines()] == ["42 of 200", "43 of 200"]
