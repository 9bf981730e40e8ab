"""The model card says what the model is for, what it reached, and where it ends."""

from typing import Any

from hpo.finalize.card import model_card


def result(**changes: Any) -> dict[str, Any]:
    return {
        "study": "s",
        "finished": "2026-01-01T11:00:00Z",
        "best_trial": {"number": 3},
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
