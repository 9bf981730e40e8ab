"""The model card says what the model is for, what it reached, and where it ends."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo.finalizing.card import model_card, write_card
from hpo.report.evidence import Evidence
from hpo.report.result import build_result
from hpo.report.statistics import derive


def result(**changes: Any) -> dict[str, Any]:
    return {
        "study": "s",
        "finished": "2026-01-01T11:00:00Z",
        "objective": {"name": "accuracy", "cv": None, "test": None},
        "best_trial": {"number": 3},
        "blend": [],
        "cv": {"mean": 0.95, "corrected_mean": 0.94},
        "test": {"accuracy": 0.93, "seen_sequences": None},
        "test_openings": 1,
        "baselines": {"majority": {"cv": 0.5, "test": 0.51, "mcnemar_cv": None}},
        "data": {"fingerprint": "ab"},
    } | changes


def test_the_card_holds_fingerprint_use_figures_and_limits() -> None:
    card = model_card(result())
    assert card["data"]["fingerprint"] == "ab"
    assert "Not for decisions about patients" in card["intended_use"]
    assert (card["cv"]["corrected_mean"], card["test"]["accuracy"]) == (0.94, 0.93)
    assert card["baselines"] == {"majority": {"cv": 0.5, "test": 0.51}}
    assert any("another gene or drug" in limit for limit in card["limits"])


def test_limits_follow_what_was_done_with_the_test_set() -> None:
    assert any("cross-validation alone" in limit for limit in model_card(result(test=None))["limits"])
    assert any("opened 3 times" in limit for limit in model_card(result(test_openings=3))["limits"])
    spread = {"accuracy": 0.93, "seen_sequences": {"n": 5}}
    assert any("test.unseen_sequences" in limit for limit in model_card(result(test=spread))["limits"])
    assert not any("opened" in limit for limit in model_card(result())["limits"])


def card_of(evidence: Evidence) -> dict[str, Any]:
    return model_card(build_result(evidence, derive(evidence)))


def test_limits_name_a_plain_baseline_that_is_as_good(
    evidence: Evidence, sealed: Evidence, make_evidence: Callable[..., Evidence]
) -> None:
    assert not any("plain baseline" in limit for limit in card_of(evidence)["limits"])
    equal = card_of(make_evidence(baseline=0.925))
    assert equal["limits"][0].startswith("A plain baseline is as good. A logistic regression")
    plain = make_evidence(baseline=0.925).baselines
    unopened = replace(sealed, baselines=tuple(replace(b, test_probabilities=None, test_accuracy=None) for b in plain))
    assert "in cross-validation" in card_of(unopened)["limits"][0]


def test_limits_say_so_where_a_plain_baseline_is_better(make_evidence: Callable[..., Evidence]) -> None:
    better = card_of(make_evidence(baseline=0.99))
    assert better["limits"][0].startswith("A plain baseline is better. A logistic regression")
    assert "by more than chance" in better["limits"][0]


def test_what_is_resistant_is_said_of_the_genes_that_were_counted(
    evidence: Evidence, sealed: Evidence, tmp_path: Path
) -> None:
    for one, told in ((evidence, "of all resistant"), (sealed, "of those for development resistant")):
        write_card(card_of(one), tmp_path)
        assert told in (tmp_path / "README.md").read_text()


def test_people_read_the_same_card(evidence: Evidence, tmp_path: Path) -> None:
    card = card_of(replace(evidence, study="<b>mine</b>"))
    write_card(card, tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert page.startswith("# Model card: &lt;b>mine")
    assert card["intended_use"] in page
    assert evidence.contract.data.fingerprint in page
    for limit in card["limits"]:
        assert f"- {limit}\n" in page
    for accuracy in (card["test"]["accuracy"], card["cv"]["corrected_mean"], card["cv"]["mean"]):
        assert f"| {100 * accuracy:.1f}" in page
    assert "Logistic regression, test" in page


def test_the_card_of_a_study_whose_test_set_is_sealed_has_no_test_figures(sealed: Evidence, tmp_path: Path) -> None:
    write_card(card_of(replace(sealed, original=None)), tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "| Test |" not in page
    assert "Untuned" not in page
    assert "opened: 0 times" in page
