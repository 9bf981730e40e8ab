"""A report whose final model is a blend of trials tells so, and its figures are those of the blend."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.finalizing.card import model_card, write_card
from hpo.report.answer import answer_probabilities, answer_right
from hpo.report.evidence import Evidence, Picked
from hpo.report.report import make_report
from hpo.report.result import build_result
from hpo.report.statistics import derive
from hpo.report.writing import write_report

pytestmark = pytest.mark.usefixtures("words_alone")


@pytest.fixture(scope="module")
def blended(make_evidence: Callable[..., Evidence]) -> Evidence:
    """Of the chosen trial and two more that read genes as it does."""
    evidence = make_evidence()
    rng, labels = np.random.default_rng(1), evidence.development.labels
    columns = np.where(evidence.out_of_fold.correct == labels[:, None], 0.6, 0.4)
    probabilities = np.where(labels[:, None], columns, 1 - columns) + rng.uniform(-0.3, 0.3, columns.shape)
    out_of_fold = replace(
        evidence.out_of_fold, probabilities=probabilities, correct=(probabilities > 0.5) == labels[:, None]
    )
    encoding = evidence.chosen.params["encoding"]
    alike = [
        trial.number
        for trial in evidence.trials
        if trial.number in out_of_fold.numbers and trial.params["encoding"] == encoding
    ]
    first, *others = [evidence.chosen.number, *(n for n in alike if n != evidence.chosen.number)]
    picked = (Picked(first, 5), *(Picked(other, 5) for other in others[:2]))
    return replace(
        evidence, out_of_fold=out_of_fold, final=replace(evidence.final, networks=5 * len(picked), blend=picked)
    )


def test_figures_of_the_answer_are_those_of_the_average(blended: Evidence) -> None:
    statistics, found = derive(blended), blended.out_of_fold
    columns = [found.numbers.index(one.trial) for one in blended.final.blend]
    average = found.probabilities[:, columns].mean(axis=1)
    np.testing.assert_allclose(answer_probabilities(blended), average)
    right = (average > 0.5) == blended.development.labels
    assert answer_right(blended).tolist() == right.tolist()
    folds = blended.development.folds
    assert statistics.cv.answer_accuracies == pytest.approx([right[folds == k].mean() for k in range(5)])
    assert statistics.cv.measured.rates.accuracy == right.mean()
    assert statistics.cv.corrected.naive_mean == statistics.cv.mean  # the best trial's, as the study counts it
    paired = statistics.baseline("logistic_regression").paired_in_cv.rows
    other = statistics.baselines[2]
    assert paired.n == len(right)
    baseline = (blended.baselines[2].probabilities > 0.5) == blended.development.labels
    assert (paired.only_first_right, paired.only_second_right) == ((right & ~baseline).sum(), (baseline & ~right).sum())
    assert other.name == "logistic_regression"


def test_the_pages_name_the_trials_of_a_blend(blended: Evidence, tmp_path: Path) -> None:
    result = write_report(make_report(blended), tmp_path)
    assert result["blend"] == [{"trial": one.trial, "networks": 5} for one in blended.final.blend]
    assert result["best_trial"]["networks"] == 5 * len(blended.final.blend)
    each = ", ".join(f"5 of trial {one.trial}" for one in blended.final.blend)
    write_card(model_card(result), tmp_path)
    for name in ("report.html", "report.md", "README.md"):
        assert each in (tmp_path / name).read_text(), name
    assert "the blend is scored on the other two" in (tmp_path / "report.html").read_text()


def test_one_trial_alone_is_no_blend(evidence: Evidence, tmp_path: Path) -> None:
    result = build_result(evidence, derive(evidence))
    assert result["blend"] == []
    statistics = derive(evidence)
    assert statistics.cv.answer_accuracies == statistics.cv.fold_accuracies
    write_card(model_card(result), tmp_path)
    assert "Blend" not in (tmp_path / "README.md").read_text()
