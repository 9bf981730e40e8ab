"""`result.json`: keys, and figures that can be recomputed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.evaluation.intervals import wilson
from hpo.report.evidence import (
    Evidence,
    OutOfFold,
)
from hpo.report.report import make_report
from hpo.report.result import build_result
from hpo.report.statistics import derive
from hpo.report.writing import write_report


def test_result_has_every_promised_key(result: dict[str, Any]) -> None:
    promised = {
        "best_trial": {"number", "params"},
        "cv": {"fold_accuracies", "mean", "std", "interval95", "corrected_mean"},
        "test": {"accuracy", "interval95", "loss", "n", "confusion"},
        "baselines": {"majority", "logistic_regression", "original_configuration"},
        "trials": {"complete", "pruned", "failed", "budget"},
        "data": {"fingerprint", "development", "test"},
    }
    assert {"study", "gap", "folds_trained", "test_openings", *promised} <= set(result)
    for key, inner in promised.items():
        assert inner <= set(result[key]), key
    for baseline in result["baselines"].values():
        assert {"cv", "test"} <= set(baseline)
    assert len(result["cv"]["fold_accuracies"]) == 5


def test_figures_recompute_from_the_evidence(evidence: Evidence, result: dict[str, Any]) -> None:
    assert evidence.test is not None
    called = evidence.test.probabilities >= 0.5
    (tn, fp), (fn, tp) = result["test"]["confusion"]
    assert tp == int((called & evidence.test.labels).sum())
    assert fp == int((called & ~evidence.test.labels).sum())
    assert tn + fp + fn + tp == result["test"]["n"] == 200
    assert result["test"]["accuracy"] == (tn + tp) / 200
    interval = wilson((tn + tp) / 200, 200)
    assert result["test"]["interval95"] == pytest.approx([interval.low, interval.high])
    assert result["cv"]["mean"] == pytest.approx(np.mean(result["cv"]["fold_accuracies"]))
    assert result["cv"]["std"] == pytest.approx(np.std(result["cv"]["fold_accuracies"], ddof=1))
    assert result["gap"] == pytest.approx(result["cv"]["mean"] - result["test"]["accuracy"])
    assert result["cv"]["corrected_mean"] < result["cv"]["mean"]
    chosen = next(t for t in evidence.trials if t.number == result["best_trial"]["number"])
    assert result["cv"]["fold_accuracies"] == pytest.approx(chosen.fold_accuracies)
    assert result["trials"] == {"complete": 10, "pruned": 6, "failed": 2, "budget": 18}
    assert result["test_openings"] == 1


@pytest.mark.slow
def test_a_sealed_test_set_stays_out_of_every_file(sealed: Evidence, tmp_path: Path) -> None:
    result = write_report(make_report(sealed), tmp_path)
    assert result["test"] is None
    assert result["gap"] is None
    assert result["test_openings"] == 0
    assert all(baseline["test"] is None for baseline in result["baselines"].values())
    assert "still sealed" in (tmp_path / "report.html").read_text()
    assert "still sealed" in (tmp_path / "report.md").read_text()


def test_accuracy_is_told_as_a_function_of_the_trials_spent(evidence: Evidence) -> None:
    told = build_result(evidence, derive(evidence))["search"]["best_by_trial"]
    assert [spent["trial"] for spent in told] == [trial.number for trial in evidence.trials]
    for spent in told:
        earlier = [t.mean for t in evidence.trials if t.state == "COMPLETE" and t.number <= spent["trial"]]
        assert spent["best"] == max(earlier)
    assert len({spent["best"] for spent in told}) > 1
    assert told[-1]["best"] == derive(evidence).cv.mean
    failed = (replace(evidence.trials[0], state="FAIL"), *evidence.trials[1:])
    late = replace(evidence, trials=failed)
    assert build_result(late, derive(late))["search"]["best_by_trial"][0] == {"trial": 0, "best": None}


def test_numbers_json_lacks_become_null(evidence: Evidence) -> None:
    params = {**evidence.chosen.params, "dropout": float("nan"), "hidden_size": np.int64(3)}
    odd = replace(evidence, chosen=replace(evidence.chosen, params=params))
    text = json.dumps(build_result(odd, derive(odd)), allow_nan=False)
    assert json.loads(text)["best_trial"]["params"]["dropout"] is None
    assert json.loads(text)["best_trial"]["params"]["hidden_size"] == 3


@pytest.mark.slow
def test_a_study_of_one_trial_reports(tmp_path: Path, evidence: Evidence) -> None:
    only = next(t for t in evidence.trials if t.number == 0)
    column = evidence.out_of_fold.correct[:, :1]
    labels = evidence.development.labels
    alone = replace(
        evidence,
        trials=(only,),
        chosen=replace(
            evidence.chosen,
            number=0,
            params=only.params,
            probabilities=np.where(column[:, 0] == labels, 0.9, 0.1),
        ),
        out_of_fold=OutOfFold(numbers=(0,), correct=column),
        baselines=(),
        importances={},
        positions=None,
    )
    result = write_report(make_report(alone), tmp_path)
    assert result["cv"]["corrected_mean"] == pytest.approx(result["cv"]["mean"])
    assert result["baselines"]["majority"] == {"cv": None, "test": None}
    assert result["tied_with_best"] == []
