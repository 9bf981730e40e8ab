"""A report of trials that were compared by something else than accuracy says so, and judges by that."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from hpo.choices import Objective
from hpo.cli.result_text import result_text
from hpo.evaluation.objective import scores_of_folds
from hpo.report.evidence import Evidence, Picked
from hpo.report.rendering import summary_note
from hpo.report.report import make_report
from hpo.report.result import build_result
from hpo.report.sentences import say
from hpo.report.statistics import derive
from hpo.report.writing import write_report

pytestmark = pytest.mark.slow

OTHERS: tuple[Objective, ...] = ("balanced_accuracy", "mcc", "roc_auc", "log_loss")
THEIRS = {
    "balanced_accuracy": lambda labels, p: sk.balanced_accuracy_score(labels, p > 0.5),
    "mcc": lambda labels, p: sk.matthews_corrcoef(labels, p > 0.5),
    "roc_auc": sk.roc_auc_score,
    "log_loss": lambda labels, p: sk.log_loss(labels, p),
}
NAMES = {"balanced_accuracy": "balanced accuracy", "mcc": "MCC", "roc_auc": "ROC AUC", "log_loss": "log loss"}


def by_objective(evidence: Evidence, objective: Objective, change_contract: Callable[..., Evidence]) -> Evidence:
    """The same study, its trials compared by another objective."""
    labels, folds = evidence.development.labels, evidence.development.folds
    rng, right = np.random.default_rng(0), evidence.out_of_fold.correct
    sure = rng.uniform(0.55, 0.98, right.shape)
    probabilities = np.where(right == labels[:, None], sure, 1 - sure)
    scores = {
        number: scores_of_folds(objective, labels, column, folds)
        for number, column in zip(evidence.out_of_fold.numbers, probabilities.T, strict=True)
    }
    trials = tuple(
        replace(trial, objective_scores=scores.get(trial.number, trial.fold_accuracies)) for trial in evidence.trials
    )
    best = max(scores, key=lambda number: float(np.mean(scores[number])))
    chosen = replace(
        evidence.chosen,
        number=best,
        probabilities=probabilities[:, evidence.out_of_fold.numbers.index(best)],
        params=next(trial.params for trial in trials if trial.number == best),
    )
    assert evidence.original is not None
    changed = change_contract(evidence, "search", objective=objective)
    return replace(
        changed,
        trials=trials,
        chosen=chosen,
        out_of_fold=replace(evidence.out_of_fold, probabilities=probabilities),
        original=replace(evidence.original, probabilities=probabilities[:, 0]),
    )


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest, evidence: Evidence, change_contract) -> Evidence:
    return by_objective(evidence, request.param, change_contract)


@pytest.mark.parametrize("other", ["balanced_accuracy", "log_loss"], indirect=True)  # one of each direction
def test_the_pages_say_what_trials_were_compared_by(other: Evidence, tmp_path: Path) -> None:
    report = make_report(other)
    result = write_report(report, tmp_path)
    name = NAMES[other.objective]
    note = summary_note(report, {})
    terminal = result_text(result, tmp_path)
    for page in (*((tmp_path / page).read_text() for page in ("report.html", "report.md")), note):
        assert f"Trials were compared by {name}" in page
        assert "mean of these accuracies" not in page
        assert "CV accuracy" not in page
    assert f"By {name}" in terminal
    assert f"CV, {name}" in (tmp_path / "report.html").read_text()
    assert "McNemar" not in say(other, derive(other)).baselines


def test_the_figures_are_those_of_scikit_learn(other: Evidence) -> None:
    result: dict[str, Any] = build_result(other, derive(other))
    figures, theirs = result["objective"], THEIRS[other.objective]
    labels, folds = other.development.labels, other.development.folds
    expected = [theirs(labels[folds == k], other.chosen.probabilities[folds == k]) for k in range(5)]
    assert figures["name"] == other.objective
    assert figures["cv"]["fold_scores"] == pytest.approx(expected)
    assert figures["cv"]["mean"] == pytest.approx(np.mean(expected))
    low, high = figures["cv"]["interval95"]
    assert low < figures["cv"]["corrected_mean"] < high
    assert other.test is not None
    assert figures["test"]["score"] == pytest.approx(theirs(other.test.labels, other.test.probabilities), abs=1e-6)
    best = [spent["best"] for spent in result["search"]["best_by_trial"] if spent["best"] is not None]
    assert best == sorted(best, reverse=other.objective == "log_loss")
    assert best[-1] == pytest.approx(figures["cv"]["mean"])
    for name, baseline in result["baselines"].items():
        made = next((one for one in other.baselines if one.name == name), None)
        if made is not None and baseline["cv"] is not None:
            of_folds = [theirs(labels[folds == k], made.probabilities[folds == k]) for k in range(5)]
            assert baseline["by_objective"]["cv"] == pytest.approx(np.mean(of_folds))


def test_a_report_by_accuracy_has_no_other_figures(result: dict[str, Any]) -> None:
    assert result["objective"] == {"name": "accuracy", "cv": None, "test": None}
    assert not any("by_objective" in baseline for baseline in result["baselines"].values())


def test_the_network_is_judged_by_what_was_asked_for(make_evidence, change_contract) -> None:
    """One gene in ten is resistant: saying that none is is right for 90 %, and finds none."""
    evidence = make_evidence()
    rng = np.random.default_rng(1)
    labels, test_labels = np.arange(500) % 20 < 2, np.arange(200) % 10 == 0

    def found_with_false_alarms(truth: np.ndarray) -> np.ndarray:
        """Finds nearly all of them, and takes one in seven of the others for one: less accurate than saying none."""
        called = np.where(truth, rng.random(len(truth)) < 0.95, rng.random(len(truth)) < 0.15)
        return np.where(called, 0.8, 0.2)

    columns = np.stack([found_with_false_alarms(labels) for _ in evidence.out_of_fold.numbers], axis=1)
    never = tuple(
        replace(one, probabilities=np.full(500, 0.1), test_probabilities=np.full(200, 0.1), test_accuracy=0.9)
        for one in evidence.baselines
    )
    assert evidence.test is not None
    changed = replace(
        evidence,
        development=replace(evidence.development, labels=labels),
        test=replace(evidence.test, labels=test_labels, probabilities=found_with_false_alarms(test_labels)),
        out_of_fold=replace(evidence.out_of_fold, correct=(columns > 0.5) == labels[:, None], probabilities=columns),
        chosen=replace(evidence.chosen, probabilities=columns[:, 0]),
        baselines=never,
    )
    assert derive(changed).only_guesses()
    for objective in ("balanced_accuracy", "mcc", "roc_auc"):
        asked = change_contract(changed, "search", objective=objective)
        original = replace(asked.original, probabilities=columns[:, 0])
        statistics = derive(replace(asked, original=original))
        assert not statistics.only_guesses()
        assert statistics.in_use() == "network"


def test_a_blend_is_scored_as_a_whole(other: Evidence) -> None:
    alike = [
        trial.number
        for trial in other.trials
        if trial.number in other.out_of_fold.numbers and trial.params["encoding"] == other.chosen.params["encoding"]
    ]
    first, *others = [other.chosen.number, *(number for number in alike if number != other.chosen.number)]
    picked = (Picked(first, 5), *(Picked(number, 5) for number in others[:2]))
    blended = replace(other, final=replace(other.final, networks=15, blend=picked))
    alone, together = derive(other).by_objective, derive(blended).by_objective
    assert alone is not None
    assert together is not None
    assert together.mean == alone.mean
    assert together.corrected.corrected_mean > alone.corrected.corrected_mean
    assert together.corrected.interval.low < together.corrected.corrected_mean < together.corrected.interval.high
