"""What is installed is whole: a built wheel, unpacked far from the checkout, does the whole job."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but what the wheel brings."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    # Of a copy: building leaves files beside the sources.
    for name in ("hpo", "model", "storage"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    subprocess.run([sys.executable, *build], check=True)
    (wheel,) = folder.glob("hpo-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_does_the_whole_job(installed: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HPO_")}

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    job = (
        "--study",
        "s",
        "--trials",
        "2",
        "--max-epochs",
        "2",
        "--workers",
        "1",
        "--original",
        "skip",
        "--ensemble",
        "1",
    )
    python("-m", "hpo", "simulate", "genes.csv", "--genes", "80", "--codons", "14")
    python("-m", "hpo", "run", "genes.csv", *job, "--output", "report")
    report = tmp_path / "report"
    assert json.loads((report / "result.json").read_text())["trials"]["budget"] == 2
    assert (report / "report.html").is_file()
    assert list((report / "plots").glob("*.png"))
    assert len(python("-m", "hpo", "predict", "report/model", "genes.csv").splitlines()) == 81
    assert Path(python("-c", "import hpo; print(hpo.__file__)").strip()).is_relative_to(installed)
