"""The catalogue of messages is what the code says, and what users are told is found in it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpo
from hpo.finalizing.report_folder import open_report_folder
from model.reading import read_genes
from model.simulation import simulate

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "messages"
PAGE = (ROOT / "docs" / "messages.md").read_text()
#: Message and next steps of each line of the page.
ENTRIES = [re.findall(r"(?:`` (.*?) ``|`([^`]+)`)", line) for line in PAGE.splitlines() if line.startswith("* ")]


def pattern(entry: str) -> str:
    """What a text of the page stands for."""
    return "".join(
        ".*" if part[:1] in ("<", "[") else re.escape(part) for part in re.split(r"(<[^<>]*>|\[[^][]*\])", entry)
    )


def listed(text: str) -> bool:
    texts = ["".join(pair) for pairs in ENTRIES for pair in pairs]
    return any(re.fullmatch(pattern(entry), text, re.DOTALL) for entry in texts)


@pytest.mark.slow
def test_the_page_is_what_the_code_says() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", ["a message more", "a message less", "other words"])
def test_a_change_of_the_code_is_noticed(tmp_path: Path, change: str) -> None:
    shutil.copytree(ROOT / "scripts/catalogue", tmp_path / "scripts/catalogue")
    shutil.copy(SCRIPT, tmp_path / "scripts")
    (tmp_path / "docs").mkdir()
    code = tmp_path / "hpo/cli/some.py"
    code.parent.mkdir(parents=True)
    said = (
        'class SomeError(HpoError):\n    """One."""\n\n\n'
        "def fail(n):\n    raise SomeError(f\"It is {n} o'clock.\", 'Wait.')\n"
    )
    code.write_text(said)
    command = [sys.executable, str(tmp_path / "scripts/messages")]
    subprocess.run(command, check=True)
    assert (
        "* `It is <n> o'clock.`<br>→ `Wait.` <small>(`hpo/cli/some.py`)</small>\n"
        in (tmp_path / "docs/messages.md").read_text()
    )
    assert subprocess.run([*command, "--check"]).returncode == 0
    changed = {
        "a message more": said + '\n\ndef again():\n    raise SomeError("Twice.")\n',
        "a message less": "",
        "other words": said.replace("Wait.", "Do not wait."),
    }
    code.write_text(changed[change])
    done = subprocess.run([*command, "--check"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "scripts/messages writes it anew" in done.stderr


def failed(tmp_path: Path) -> list[Exception]:
    """What users are told in some cases."""
    (tmp_path / "empty.csv").write_text("sequence,resistant\n")
    (tmp_path / "odd.csv").write_text("sequence,resistant\nATG,1\nATG,maybe\nATG,I\n")
    (tmp_path / "space.toml").write_text("hiden_size = 8\n")
    simulated = tmp_path / "genes.csv"
    simulated.write_text("sequence,resistant\n" + "ATGAAA,1\nATGAAC,0\n" * 20)
    storage = f"sqlite:///{tmp_path / 'hpo.db'}"

    def create(**options: object) -> object:
        return hpo.create_study(simulated, study="s", trials=1, storage=storage, **options)  # type: ignore[arg-type]

    found = []
    for call in (
        lambda: read_genes(tmp_path / "nothing.csv"),
        lambda: read_genes(tmp_path / "empty.csv"),
        lambda: read_genes(tmp_path / "odd.csv"),
        lambda: simulate(10, 30, 0.05, 0),
        lambda: hpo.open_study("s", storage=storage),
        lambda: hpo.open_study("s", storage="mysql://host/db"),
        lambda: hpo.load_model(tmp_path),
        lambda: create(space=tmp_path / "space.toml"),
        lambda: create(colour="red"),
        lambda: create(folds=1),
        lambda: open_report_folder(tmp_path),
    ):
        with pytest.raises((hpo.HpoError, hpo.ModelError, hpo.StorageError)) as raised:
            call()
        found.append(raised.value)
    return found


def test_what_is_told_stands_on_the_page(tmp_path: Path) -> None:
    for error in failed(tmp_path):
        assert listed(error.message), error.message
        assert not error.next_step or listed(error.next_step), error.next_step
