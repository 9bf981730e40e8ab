"""The fingerprint of the sources that make a trial's numbers."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo.study.learner_sources import APART, ROOT, fingerprint, learner


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for room in ("model", "hpo"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def appended(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text() + text)


def test_the_same_sources_have_the_same_fingerprint_wherever_they_lie(sources: Path) -> None:
    assert fingerprint(sources) == learner()


@pytest.mark.parametrize(
    "name", ["model/training.py", "model/native/adam.h", "model/mutations/gapped.py", "hpo/search/sampler.py"]
)
def test_another_learner_has_another_fingerprint(sources: Path, name: str) -> None:
    comment = "//" if name.endswith(".h") else "#"
    appended(f"\n\n{comment} only a remark\n")(sources / name)
    assert fingerprint(sources) == learner()
    appended("\nint more;\n")(sources / name)
    assert fingerprint(sources) != learner()


@pytest.mark.parametrize("name", ["model/reading/fasta.py", "hpo/report/report.py", "model/gpu/graphs.py"])
def test_what_no_number_passes_through_does_not_count(sources: Path, name: str) -> None:
    appended("\nmore = 1\n")(sources / name)
    assert fingerprint(sources) == learner()


@pytest.mark.slow
def test_training_on_a_cpu_imports_nothing_that_stands_apart() -> None:
    code = "import sys; import model.training, model.encoder; print(*(name for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    apart = [f"model.{name.removesuffix('.py')}" for name in APART if name != "gpu"]
    assert "model.fitting" in loaded
    assert not [name for name in loaded if name.startswith(tuple(apart))]
