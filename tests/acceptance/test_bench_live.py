"""`scripts/bench_live`: searches for a time, judges what came of it, and goes on where it was."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from model.simulation import simulate, write_simulated

ROOT = Path(__file__).parents[2]


def compare(place: Path, minutes: float) -> subprocess.CompletedProcess[str]:
    words = ("--minutes", minutes, "--workers", 1, "--ways", "random", "--folder", "live")
    command = [sys.executable, ROOT / "scripts" / "bench_live", "genes.csv", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        list(map(str, command)), cwd=place, env=environment, capture_output=True, text=True, timeout=290
    )


@pytest.mark.slow
def test_an_answer_is_judged_beside_both_splits_and_kept(tmp_path: Path) -> None:
    write_simulated(simulate(120, 20, 0.05, 0), tmp_path / "genes.csv")
    first = compare(tmp_path, 0.02)
    assert first.returncode == 0, first.stderr
    (answer,) = json.loads((tmp_path / "live" / "answers.json").read_text())
    assert answer["way"] == "random"
    assert answer["complete"] >= 1
    assert answer["folds"] >= 5
    assert all(0 < answer[name] <= 100 for name in ("cv", "test", "elsewhere"))
    # Asked again, it has nothing left to search.
    again = compare(tmp_path, 0.02)
    assert again.stdout.splitlines()[-1] in first.stdout
    assert "random: Answer" not in again.stdout
    other = compare(tmp_path, 0.04)
    assert (other.returncode, "holds another comparison" in other.stderr) == (2, True)
