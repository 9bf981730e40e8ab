"""The formats of a model folder: what the description of an earlier one becomes when it is read.

| format | what changed |
|---|---|
| 3 | weights have digests: the first that is read |
| 4 | mutations and the linear path are new: `ancestor`, `linear`, `linear_start` |
| 5 | early ends of genes are a kind of mutation |
| 6 | `cleaning` is new: the rules by which sequences were cleaned |
| 7 | `origin` and `baseline` are new: what the training genes were, how their file spoke of them, a plain regression |
| 8 | `learners` instead of `learner`: each network may have hyperparameters of its own |
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.encoding import is_mutation
from model.errors import SavedModelError
from model.saving.writing import FORMAT

#: Earlier formats lacked these; their models were made as if they had had these values.
_SINCE_SIX: Mapping[str, Any] = {
    "cleaning": {"gaps": "error", "odd_letters": "error", "inner_stops": None, "missing": "error"}
}
_SINCE_SEVEN: Mapping[str, Any] = {"origin": {"seen": None, "columns": {}, "answers": None}, "baseline": None}
_SINCE_FOUR: Mapping[str, Any] = {"ancestor": None}
_LEARNER_SINCE_FOUR: Mapping[str, Any] = {"linear": "none", "linear_start": "zero"}


def upgraded(folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    """Returns the description of an earlier format as the present one would have it; nothing else of it is checked.

    Args:
        folder: Of the model, for messages.
        description: What its configuration holds, with a format.

    Raises:
        SavedModelError: The format is none that this version reads.
    """
    number, learner = description["format"], description.get("learner")
    if number in (3, 4, 5, 6, 7):
        description = _with_learners(description)
    if number in (3, 4, 5, 6):
        description = {**_SINCE_SEVEN, **description}
    if number in (3, 4, 5):
        description = {**_SINCE_SIX, **description}
    if number == 3:
        description = {**_SINCE_FOUR, **description}
        if isinstance(learner, dict):
            description["learners"] = [{**_LEARNER_SINCE_FOUR, **one} for one in description["learners"]]
    elif number == 4 and isinstance(learner, dict) and is_mutation(str(learner.get("encoding"))):
        raise SavedModelError(
            f"{folder} has format 4, which told early ends of genes in another way; this version reads mutations since"
            " format 5.",
            "Use the version of hpo that wrote it, or train the model again.",
        )
    elif number not in (4, 5, 6, 7, FORMAT):
        raise SavedModelError(
            f"{folder} has format {number!r}; this version reads formats 3 to {FORMAT}.",
            "Use the version of hpo that wrote it.",
        )
    return description


def _with_learners(description: dict[str, Any]) -> dict[str, Any]:
    """One learner for each network; where there are no networks to count, that is told later."""
    weights, rest = description.get("weights"), dict(description)
    learner = rest.pop("learner", None)
    return {**rest, "learners": [learner] * (len(weights) if isinstance(weights, list) else 1)}
