"""A study made by an earlier version opens, goes on and is answered, and nothing that was finished is done again."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo.study.contract import versions
from stored_trials import trials

MADE = Path(__file__).parent / "old_study"
STATUS: dict[str, Any] = json.loads((MADE / "status.json").read_text())
KEY = "hpo:contract"


@pytest.fixture
def hpo(hpo):
    """The command line in a folder that holds a copy of the old study, of this machine's versions."""
    folder = hpo.folder.parent / "an old study"
    shutil.copytree(MADE, folder)
    # The numbers of a study depend on the libraries that it pins, and here the ones of another day are installed. The
    # test is about the study's form, and compares no number that the present libraries give with an old one.
    change_contract(folder, lambda contract: contract | {"versions": versions()})
    return replace(hpo, folder=folder)


def change_contract(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    database = sqlite3.connect(folder / "hpo.db")
    with database:
        (text,) = database.execute("select value_json from study_user_attributes where key = ?", (KEY,)).fetchone()
        changed = json.dumps(change(json.loads(text)))
        database.execute("update study_user_attributes set value_json = ? where key = ?", (changed, KEY))
    database.close()


def finished(opened) -> dict[tuple[int, str], object]:
    """What is finished: values and states of ended trials, and the records of folds, which name their artifacts."""
    kept: dict[tuple[int, str], object] = {}
    for trial in trials(opened):
        if trial.state.is_finished():
            kept[trial.number, "ended"] = (trial.state, trial.value, trial.params)
        kept |= {(trial.number, name): record for name, record in trial.user_attrs.items() if "hpo:fold:" in name}
    return kept


def test_an_old_study_opens_goes_on_and_is_answered(hpo, opened_here) -> None:
    now = hpo.json("status")
    # Later versions tell more of the best trial, too.
    now["best"] = {name: now["best"][name] for name in STATUS["best"]}
    assert {name: now[name] for name in STATUS} == STATUS

    before = finished(opened_here("old"))
    hpo.ok("worker", "--workers", "1")
    after = finished(opened_here("old"))
    assert {place: after[place] for place in before} == before
    assert {number for number, what in after if what == "ended"} == set(range(6))
    assert (5, "hpo:fold:1") in after

    result = hpo.json("finalize", "--output", "report")
    assert (result["study"], result["test_openings"]) == ("old", 1)
    assert result["trials"]["complete"] + result["trials"]["pruned"] == result["trials"]["budget"] == 6
    assert (hpo.folder / "report" / "report.html").exists()


def test_the_same_command_goes_on_with_a_study_that_an_earlier_version_made(hpo) -> None:
    job = ("--study", "old", "--trials", "6", "--space", "space.toml", "--max-epochs", "3", "--workers", "1")
    done = hpo.run("run", "genes.csv", *job, "--output", "report")
    assert done.returncode == 0, done.stderr
    assert "going on with it" in done.stderr
    other = hpo.run("run", "genes.csv", *job, "--output", "report", "--seed", "1")
    assert other.returncode == 1
    assert "--seed: 0 in the study, 1 here" in _line(other.stderr)


def test_it_is_refused_by_name_where_other_versions_are_installed(hpo) -> None:
    # Its sources stand for our own version, where a study names them.
    deciding = {name: here for name, here in versions().items() if name != "hpo"}
    change_contract(hpo.folder, lambda contract: contract | {"versions": dict.fromkeys(versions(), "0.0.1")})
    done = hpo.run("worker", "--workers", "1")
    assert done.returncode == 1
    assert "'old'" in done.stderr
    assert all(f"{name} {here} here, 0.0.1 in the study" in _line(done.stderr) for name, here in deciding.items())
    # Looking at it needs no library of a certain version.
    assert hpo.json("status")["complete"] == STATUS["complete"]


def test_a_study_of_a_later_version_is_refused_by_its_format(hpo) -> None:
    change_contract(hpo.folder, lambda contract: contract | {"format": 8, "novelty": True})
    for command in (("status",), ("worker", "--workers", "1"), ("finalize", "--output", "report")):
        done = hpo.run(*command)
        assert done.returncode == 1
        assert "Study 'old' is of format 8; this version of hpo reads formats 1, 2, 3, 4, 5, 6, 7." in _line(
            done.stderr
        )
        assert "Traceback" not in done.stderr


def _line(text: str) -> str:
    """The text without the terminal's line breaks."""
    return " ".join(text.split())
