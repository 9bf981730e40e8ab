"""The command line as a whole: every command has help, stands in the README, and shares its options' words."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    *("run", "create-study", "worker", "finalize", "predict", "status", "dashboard", "pause", "resume"),
    *("extend", "proxy", "doctor", "inspect", "simulate", "delete"),
)
#: What replaces a report, opens the test set once more, or deletes; and what is a word of this one call.
SAID_EACH_TIME = (
    *("--help", "--json", "--watch", "--output", "--no-token", "--overwrite", "--again"),
    *("--orphans", "--keep-artifacts", "--no-earlier-studies", "--dry-run", "--yes"),
)
README = (Path(__file__).parents[2] / "README.md").read_text()


def help_of(*command: str) -> str:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "hpo", *command, "--help"], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_are_those_of_the_design() -> None:
    listed = help_of()
    assert all(re.search(rf"^│ {command}\s", listed, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(command: str) -> None:
    assert f"hpo {command}" in README or f"`{command}`" in README
    shown = help_of(command)
    assert len(shown.split("Usage")[1].split("─ Options")[0].strip()) > 80
    # Every option that takes a value has an environment twin of its own name (--json, --help and --no-token take none).
    for option in re.findall(r"(--[a-z][a-z-]+)\s+<", shown):
        if option in SAID_EACH_TIME:
            continue
        assert f"HPO_{option[2:].replace('-', '_').upper()}" in shown, (command, option)


def test_help_groups_the_options_and_begins_with_those_that_every_call_names() -> None:
    shown = help_of("run")
    headings = re.findall(r"╭─ ([^─]+) ─", shown)
    assert headings[:2] == ["Arguments", "Options"]
    assert {"How the search goes", "How to read the data", "How rows are dealt out"} <= set(headings)
    first = shown.split("─ Options")[1].split("╭─")[0]
    assert "--trials" in first
    assert "--study" in first
    assert "--patience" not in first


def test_an_unknown_option_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "status", "--nonsense"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "--nonsense" in done.stderr


def test_an_option_s_environment_twin_is_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "status"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"HPO_STORAGE": f"sqlite:///{tmp_path}/nowhere.db"},
    )
    assert done.returncode == 1
    assert "nowhere.db" in done.stderr


@pytest.mark.slow
def test_simulate_tells_rule_and_ceilings(tmp_path: Path) -> None:
    options = ["--genes", "40", "--codons", "40", "--noise", "0.1", "--rule", "frame", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "simulate", str(tmp_path / "g.csv"), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    facts = json.loads(done.stdout)
    assert (facts["rule"], facts["ceiling"]) == ("frame", 0.9)
    assert facts["rule_in_words"].startswith("Resistant if ")
    assert 0.5 < facts["linear_ceiling"] < 0.85
