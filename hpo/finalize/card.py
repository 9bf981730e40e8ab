"""The model card: what people should know before they use the model. It travels in the model's folder."""

from typing import Any

INTENDED_USE = (
    "Research: predict resistance to one drug from variants of one gene, for genes like those of the study. "
    "Not for decisions about patients."
)


def model_card(result: dict[str, Any]) -> dict[str, Any]:
    """Write the card.

    Args:
        result: What `result.json` holds.
    """
    return {
        "intended_use": INTENDED_USE,
        "limits": _limits(result),
        "study": result["study"],
        "finished": result["finished"],
        "trial": result["best_trial"],
        "data": result["data"],
        "cv": result["cv"],
        "test": result["test"],
        "test_openings": result["test_openings"],
        "baselines": {
            name: {"cv": baseline["cv"], "test": baseline["test"]} for name, baseline in result["baselines"].items()
        },
    }


def _limits(result: dict[str, Any]) -> list[str]:
    test = result["test"]
    limits = [
        "It knows the variants of one gene and one drug; another gene or drug gets an answer that means nothing.",
        "A letter that no training gene had at its position is a guess, and so is a gene much longer than those.",
        "A call is a probability above one half. Where mistakes cost differently, choose another threshold.",
        "It says what goes with resistance in these data. Causes are for the laboratory.",
    ]
    if test is None:
        return [*limits, "Its accuracy is from cross-validation alone: the test set was not used."]
    if test["seen_sequences"] is not None:
        limits.append(
            "Most accuracy figures are for sequences as common as in the data; for new sequences see "
            "test.unseen_sequences."
        )
    if result["test_openings"] > 1:
        limits.append(f"The test set was opened {result['test_openings']} times; only the first was a fair test.")
    return limits
