import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import pytest

from hpo.cli.create_study import create_study
from hpo.cli.data import inspect
from hpo.cli.label_options import LabelOptions, parse_words
from hpo.cli.run import run
from hpo.errors import UsageError
from model.reading import Labelling


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", {}),
        ("NWT=resistant,WT=susceptible", {"nwt": "resistant", "wt": "susceptible"}),
        (" NS = resistant , U=drop ", {"ns": "resistant", "u": "drop"}),
        (">=4=drop,<=2=susceptible", {">=4": "drop", "<=2": "susceptible"}),
        ("susceptible, dose dependent=resistant,", {"susceptible, dose dependent": "resistant"}),
        ("-1=susceptible", {"-1": "susceptible"}),
    ],
)
def test_words_and_their_meanings(text: str, words: dict[str, str]) -> None:
    assert parse_words(text) == words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("NS", "'NS' is not of the form WORD=MEANING"),
        ("NS=bad", "'NS=bad' is not.*resistant, susceptible or drop"),
        ("U=drop,NS=resistantly", "'NS=resistantly' is not"),
        ("U=drop,u=resistant", "'u' two meanings"),
    ],
)
def test_words_that_cannot_be_read(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_words(text)


def test_options_become_the_learners_words() -> None:
    options = LabelOptions(label_words="NS=resistant", resistant_from=2.0)
    assert options.labelling("drop") == Labelling(intermediate="drop", words={"ns": "resistant"}, resistant_from=2.0)


@pytest.mark.parametrize("command", [inspect, create_study, run])
def test_every_command_that_reads_labels_takes_them(command: Callable[..., None]) -> None:
    assert get_type_hints(command)["labelling"] is LabelOptions


def test_the_command_takes_them_and_says_what_it_left_out(tmp_path: Path) -> None:
    labels = ["R", "S", "WT", "U", "8", "1"] * 4
    text = "".join(
        f">g{row} {label}\nATG{'ACGT'[row % 4]}AC{'ACGT'[row // 4 % 4]}AC{'ACGT'[row // 16]}AC\n"
        for row, label in enumerate(labels)
    )
    (tmp_path / "a.fasta").write_text(text)
    words = "WT=susceptible,U=drop"
    options = ("--header-labels", "--label-words", words, "--resistant-from", "4", "--alphabet", "dna", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "inspect", "a.fasta", *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["dropped"] == {"label 'U'": 4}
    assert (found["rows"], found["resistant"]) == (20, 8)
    assert {"word": "below 4", "meaning": "susceptible", "rows": 4} in found["label_words"]
