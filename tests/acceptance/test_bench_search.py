"""`scripts/bench_search`: a recording goes on where it was, and has the numbers of a study; a replay adds them up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest

from model.simulation import simulate, write_simulated

ROOT = Path(__file__).parents[2]


def run(*words: object, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=290
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bench")
    write_simulated(simulate(120, 20, 0.05, 0), place / "genes.csv")
    record(place)
    return place


def record(place: Path) -> str:
    words = ("record", "genes.csv", "--name", "small", "--folder", ".", "--configurations", 2, "--again", 1)
    return run(ROOT / "scripts" / "bench_search", *words, cwd=place)


def accuracies(file: Path) -> list[float]:
    """As a study takes them: at the epoch whose mean loss over the folds is lowest, of those that all folds ran."""
    with np.load(file) as archive:
        losses = [archive[f"loss{fold}"] for fold in range(5)]
        shared = min(map(len, losses))
        epoch = int(np.argmin(np.mean([loss[:shared] for loss in losses], axis=0)))
        return [float(archive[f"accuracy{fold}"][epoch]) for fold in range(5)]


@pytest.mark.slow
def test_what_is_recorded_is_what_a_study_gets(recorded: Path) -> None:
    words = ("genes.csv", "--study", "s", "--trials", 1, "--original", "skip", "--start", "random")
    run("-m", "hpo", "create-study", *words, cwd=recorded)
    run("-m", "hpo", "worker", "--study", "s", "--workers", 1, cwd=recorded)
    (trial,) = optuna.load_study(study_name="s", storage=f"sqlite:///{recorded}/hpo.db").trials
    assert accuracies(recorded / "small" / "seed0" / "0001.npz") == trial.user_attrs["fold_accuracies"]


@pytest.mark.slow
def test_what_was_lost_is_trained_again_and_nothing_else(recorded: Path) -> None:
    place = recorded / "small" / "seed0"
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in place.glob("*.npz")}
    lost = place / "0002.npz"
    kept = accuracies(lost)
    lost.unlink()
    assert record(recorded).count("seed0") == 1
    assert accuracies(lost) == kept
    others = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in before if file != lost}
    assert [file.name for file, now in others.items() if now != before[file]] == []
    assert len(list((recorded / "small" / "seed1").glob("*.npz"))) == 1


@pytest.mark.slow
def test_a_replay_costs_what_was_recorded_and_goes_on_where_it_was(recorded: Path) -> None:
    words = ("replay", "small", "--folder", ".", "--searches", 2, "--budget", 3, "--workers", 1, 4, "--methods")
    bench, methods = ROOT / "scripts" / "bench_search", ("random", "P", "TPE, Median")
    run(bench, *words, *methods[:2], cwd=recorded)
    before = json.loads((recorded / "small.json").read_text())
    told = run(bench, *words, *methods, cwd=recorded)
    after = json.loads((recorded / "small.json").read_text())
    assert {name: after[name] for name in before} == before
    assert [one["method"] for one in after.values() if "method" in one].count("TPE, Median") == 2
    assert told.count("| random |") == 2
    # Without a pruner every fold of every trial is trained, whoever does it; three rows are all there are.
    one, four = (after[f"random | {workers} workers | 3 trials"] for workers in (1, 4))
    assert one["folds"] == four["folds"] == 15
    assert one["cost"] == pytest.approx(one["clock"])
    assert four["clock"] < one["clock"]
    assert one["regret"] == 0
    assert after["P | 1 workers | 3 trials"]["cost"] <= one["cost"] * 1.01


@pytest.mark.slow
def test_a_portfolio_is_chosen_from_tables_and_a_warm_search_begins_with_it(recorded: Path) -> None:
    bench = ROOT / "scripts" / "bench_search"
    (recorded / "other.npz").write_bytes((recorded / "small.npz").read_bytes())
    told = run(bench, "portfolio", "small", "--folder", ".", "--size", 2, cwd=recorded)
    # One head, one rule, where the space begins, and what was chosen.
    assert [len(part.splitlines()) for part in told.strip().split("\n\n")] == [1, 5]
    words = ("replay", "small", "--folder", ".", "--others", "other", "--searches", 1, "--budget", 3, "--workers", 1)
    assert run(bench, *words, "--methods", "TPE, warm", cwd=recorded).count("| TPE, warm |") == 1
