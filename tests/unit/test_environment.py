"""What `scripts/environment.sh` installs and from what: the real script, in a copy of the project.

Python is a real one; pip alone is stood in for and its calls are written down, since tests have no index.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = f"CPython {platform.python_version_tuple()[0]}.{platform.python_version_tuple()[1]}"
PYTHON = """#!/bin/sh
if [ "$1 $2" != "-m pip" ]; then exec "{python}" "$@"; fi
shift 2
echo "$@" >>pip-calls
case "$*" in *"$(cat fails)"*) echo "the hashes do not match" >&2; exit 1;; esac
"""


class Project:
    """A project whose scripts have not installed anything yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def use(self, **environment: str) -> subprocess.CompletedProcess[str]:
        command = "set -euo pipefail; source scripts/environment.sh; use_environment test,postgres; echo ready"
        return subprocess.run(
            ["bash", "-c", command, "scripts/test"],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def installed(self) -> list[str]:
        """What pip was asked for since the last look."""
        calls = self.folder / "pip-calls"
        asked = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return [call.split("install ", 1)[1] for call in asked]

    def lock_is_for(self, machine: str) -> None:
        lock = (ROOT / "requirements.lock").read_text().splitlines()
        lock[0] = f"# Made by scripts/lock for {machine}; docs/supply-chain.md says how. And more."
        (self.folder / "requirements.lock").write_text("\n".join(lock) + "\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "a folder"
    (folder / "scripts").mkdir(parents=True)
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "requirements.lock", "scripts/environment.sh"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "fails").write_text("nothing")
    python = folder / ".venv" / "bin" / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    made = Project(folder)
    made.lock_is_for(f"{HERE} on {platform.system()} {platform.machine()}")
    return made


LOCKED = [
    "--require-hashes --no-deps --only-binary :all: --requirement requirements.lock",
    "--constraint constraints.txt torch",
    "--no-deps --no-build-isolation --editable .",
]


@pytest.mark.parametrize("ci", [{}, {"CI": "1"}])
def test_what_is_locked_is_installed_by_its_hashes_and_once(project: Project, ci: dict[str, str]) -> None:
    done = project.use(**ci)
    assert (done.returncode, done.stdout) == (0, "ready\n"), done.stderr
    assert project.installed() == LOCKED
    assert project.use(**ci).returncode == 0
    assert project.installed() == []
    with (project.folder / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert project.use(**ci).returncode == 0
    assert project.installed() == LOCKED


def test_a_file_with_another_hash_ends_it_and_nothing_else_is_tried(project: Project) -> None:
    (project.folder / "fails").write_text("--require-hashes")
    for _ in range(2):  # what failed does not count as installed
        done = project.use()
        assert (done.returncode, done.stdout) == (1, "")
        assert "the hashes do not match" in done.stderr
        assert "CONSTRAINTS=constraints.txt scripts/test" in done.stderr
        assert project.installed() == LOCKED[:1]


def test_elsewhere_constraints_decide_which_is_told(project: Project) -> None:
    project.lock_is_for("CPython 2.7 on Amiga m68k")
    done = project.use()
    assert (done.returncode, done.stdout) == (0, "ready\n"), done.stderr
    (told,) = (line for line in done.stderr.splitlines() if "requirements.lock" in line)
    assert "CPython 2.7 on Amiga m68k" in told
    assert HERE in told
    assert project.installed() == ["--constraint constraints.txt --editable .[test,postgres]"]
    assert "requirements.lock" not in project.use().stderr


def test_in_ci_nothing_is_installed_without_its_hash(project: Project) -> None:
    project.lock_is_for("CPython 2.7 on Amiga m68k")
    done = project.use(CI="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "scripts/lock" in done.stderr
    assert project.installed() == []


def test_versions_of_one_s_own_need_no_lock(project: Project) -> None:
    (project.folder / "mine.txt").write_text("torch==2.11.0\n")
    assert project.use(CONSTRAINTS="mine.txt").returncode == 0
    assert project.installed() == ["--constraint mine.txt --editable .[test,postgres]"]
