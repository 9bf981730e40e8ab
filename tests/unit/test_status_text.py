"""The status for people: what is there, and what to type next."""

from dataclasses import replace

import pytest

from hpo.cli.status_text import status_text
from hpo.study.status import Status, WorkerStatus

OPEN = Status(
    study="s",
    budget=8,
    complete=3,
    pruned=1,
    failed=0,
    running=1,
    waiting=3,
    foreign=0,
    workers=(WorkerStatus(worker="w1", host="laptop", pid=1, device="cpu", trial=4, fold=2, silent_s=1.0),),
    best=None,
    folds_trained=18,
    folds_saved=2,
    state="open",
    seconds_left=60.0,
)


def test_a_study_at_work_says_how_long_it_takes_and_needs_nothing() -> None:
    text = status_text(OPEN)
    assert "1 min left" in text
    assert "Next" not in text


@pytest.mark.parametrize(
    ("state", "step"), [("open", "hpo worker"), ("paused", "hpo resume"), ("done", "hpo finalize --output report")]
)
def test_a_study_without_workers_says_what_to_type(state: str, step: str) -> None:
    text = status_text(replace(OPEN, state=state, workers=()))
    assert f"Next: {step} --study s" in text
    assert "left" not in text


def test_an_answered_study_needs_no_finalize() -> None:
    text = status_text(replace(OPEN, state="done", workers=(), answered="2026-01-02T10:00:00+00:00"))
    assert "Next" not in text
    assert "answered on 2026-01-02 10:00 UTC; the report again: hpo report --output report --study s" in text


def test_trials_of_other_programs_are_told() -> None:
    assert "other programs" not in status_text(OPEN)
    assert "2 of other programs, not counted" in status_text(replace(OPEN, foreign=2))


def test_a_paused_study_has_no_end_in_sight() -> None:
    assert "left" not in status_text(replace(OPEN, state="paused"))
