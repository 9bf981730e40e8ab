"""What the README and the guides show is what happens: each page's code, in its order, in one shell and one folder."""

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from collections import Counter
from pathlib import Path

import pytest

from command_lines import check_takes
from pages import GUIDES, ROOT, Block, blocks_of
from preloaded import Preloaded

PAGES = [ROOT / "README.md", *GUIDES]
#: Read beside what runs: what a command printed, in whole lines, where `...` stands for anything.
OUTPUT = "text"
#: Run by test_python.py, which looks at what comes of it.
ELSEWHERE = {"python.md"}
#: Blocks that are not run, page by page: what one more shows must be seen to be true by hand.
NOT_RUN = {"README.md": 2, "cluster.md": 3, "gpus.md": 2, "install.md": 4}
#: What a page says in place of what is only known where it is read.
REAL = {"postgresql://me:secret@db/hpo": "{postgres}", "/shared/hpo-artifacts": "{folder}/shared-artifacts"}
#: Of programs that are not ours, those that a page may show without running them.
OTHERS = {".", "python3", "pip", "docker", "sbatch", "kubectl"}
#: Enough to see that it works.
FRUGAL = {"HPO_MAX_EPOCHS": "2", "HPO_WORKERS": "1", "HPO_ENSEMBLE": "1"}


def named(page: Path) -> str:
    return page.name


@pytest.fixture
def shell(tmp_path: Path, preloaded: Preloaded) -> dict[str, str]:
    """The environment of somebody who has just installed hpo."""
    programs = tmp_path / "programs"
    programs.mkdir()
    preloaded.command(programs)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HPO_")}
    path = os.pathsep.join([str(programs), sysconfig.get_path("scripts"), clean["PATH"]])
    return clean | FRUGAL | {"PATH": path, "COLUMNS": "160", "NO_COLOR": "1", "PYTHONWARNINGS": "default"}


@pytest.fixture
def database(request: pytest.FixtureRequest, page: Path) -> str:
    """A database of Postgres, where the page speaks of one."""
    if "postgresql://me:secret@db/hpo" not in page.read_text():
        return ""
    postgres = request.getfixturevalue("postgres")
    name = f"guide_{re.sub('[^a-z]', '_', page.stem.lower())}"
    postgres.run(f"CREATE DATABASE {name}")
    return postgres.uri(name)


def script_of(blocks: list[Block], folder: Path, database: str) -> str:
    """All that a page has to be typed, as one script; files are written beside it."""
    lines = ["set -eu", "exec 2>&1"]
    for number, block in enumerate(blocks):
        code = block.code
        for shown, real in REAL.items():
            code = code.replace(shown, real.format(postgres=database, folder=folder))
        lines.append(f"echo '=== {number}'")
        if name := block.told("file:"):
            file = folder / f"block-{number}"
            file.write_text(code)
            lines.append(f"cp {shlex.quote(str(file))} {shlex.quote(name)}")
        elif block.language == "python":
            file = folder / f"block-{number}.py"
            file.write_text(code)
            lines.append(f"python {shlex.quote(str(file))}")
        elif block.language == "sh":
            lines.append(code if not block.told("ends with") else f'(set +e; {code}) || echo "ended with $?"')
    return "\n".join(lines) + "\n"


def matches(shown: str, printed: str) -> bool:
    """Whether what is shown stands in what was printed; runs of blanks are one blank."""
    pattern = r"\s+".join(re.escape(word).replace(r"\.\.\.", ".*?") for word in shown.split())
    return re.search(rf"^\s*{pattern}\s*$", printed, re.MULTILINE | re.DOTALL) is not None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in ELSEWHERE], ids=named)
def test_a_page_s_code_does_what_it_says(page: Path, tmp_path: Path, shell: dict[str, str], database: str) -> None:
    folder = tmp_path / "here"
    shutil.copytree(ROOT / "docs" / "guides" / "files", folder)
    blocks = [block for block in blocks_of(page) if block.told("not run") is None]
    (folder / "page.sh").write_text(script_of(blocks, folder, database))
    done = subprocess.run(
        ["bash", "page.sh"], cwd=folder, env=shell, capture_output=True, text=True, timeout=580, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = dict(zip(*[iter(re.split(r"^=== (\d+)\n", done.stdout, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for number, block in enumerate(blocks):
        said = printed[str(number)]
        if code := block.told("ends with"):
            assert f"ended with {code}\n" in said, f"{page.name}, line {block.line}: {said}"
        if block.language == OUTPUT:
            assert matches(block.code, printed[str(number - 1)]), (
                f"{page.name}, line {block.line} shows what was not printed: {printed[str(number - 1)]}"
            )


def test_what_is_not_run_is_counted() -> None:
    found = Counter(page.name for page in PAGES for block in blocks_of(page) if block.told("not run") is not None)
    assert found == NOT_RUN


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_says_what_it_is(page: Path) -> None:
    known = re.compile(r"(not run: \S.*|ends with \d+|file: \S+|)")
    for block in blocks_of(page):
        assert known.fullmatch(block.remark), f"{page.name}, line {block.line}: {block.remark}"
        runs = block.language in ("sh", "python", OUTPUT)
        assert runs or block.told("file:"), f"{page.name}, line {block.line}: {block.language or 'no language'}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_is_not_run_could_be_typed(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [block for block in blocks_of(page) if block.told("not run") is not None]
    for command in [command for block in blocks for command in block.commands]:
        words = shlex.split(command)
        settings = [word.split("=", 1) for word in words if re.match("[A-Z_]+=", word)]
        program, *arguments = (word for word in words if not re.match("[A-Z_]+=", word))
        if program == "export":
            for name, value in settings:
                monkeypatch.setenv(name, value)
        elif program == "hpo":
            check_takes(arguments)
        elif "/" in program:
            assert os.access(ROOT / program, os.X_OK), command
        else:
            assert program in OTHERS, command
        assert not [word for word in arguments if word.startswith("scripts/") and not (ROOT / word).exists()], command
