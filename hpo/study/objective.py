"""What a study's objective asks of its pruner, and what a trial tells of it.

Every trial tells the accuracies of its folds. One that is compared by something else tells the scores of its folds
beside them; their mean is its value.
"""

import math
from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial

from hpo.choices import PRUNER, PRUNER_OF_OTHER_OBJECTIVES, Objective, Pruner
from hpo.errors import UsageError
from hpo.objectives import NAMES, measured
from hpo.study.attributes import fold_accuracies
from hpo.terminal import say

#: Of a trial. People look at it in optuna-dashboard beside `fold_accuracies`, so it goes without a prefix too.
FOLD_SCORES = "fold_scores"


def pruner_of(objective: Objective) -> Pruner:
    """Returns who prunes, unless somebody says another."""
    return PRUNER if objective == "accuracy" else PRUNER_OF_OTHER_OBJECTIVES


def choose_pruner(objective: Objective, pruner: Pruner | None) -> Pruner:
    """Chooses who prunes where the user says nothing, and says so where it is not the usual one.

    Args:
        objective: As `--objective` has it.
        pruner: As `--pruner` has it; None where the user says nothing.

    Raises:
        UsageError: What is asked for goes by accuracies, and the study does not; names both options.
    """
    if pruner == "chance" and objective != "accuracy":
        raise UsageError(
            f"--pruner chance goes by the chance that a trial's accuracy ends above the best, and --objective is "
            f"{objective}.",
            "Leave --pruner out, which takes paired, or choose another.",
        )
    chosen = pruner or pruner_of(objective)
    if pruner is None and chosen != PRUNER:
        say(f"Trials are compared by {NAMES[objective]}, so they are pruned by {chosen}: {PRUNER} goes by accuracy.")
    return chosen


def fold_scores(attributes: Mapping[str, Any], objective: Objective) -> tuple[float, ...]:
    """Reads the scores of a trial's finished folds, higher is better; nothing where it tells something else.

    Args:
        attributes: A trial's user attributes.
        objective: Of its study.
    """
    if objective == "accuracy":
        return fold_accuracies(attributes)
    told = attributes.get(FOLD_SCORES)
    are_scores = isinstance(told, list) and all(type(one) in (int, float) and math.isfinite(one) for one in told)
    return tuple(told) if isinstance(told, list) and are_scores else ()


def cv_figures(trial: FrozenTrial, objective: Objective) -> dict[str, float | None]:
    """Returns the figures of a trial for a table: `cv_accuracy`, and `cv_mcc` and the like for another objective.

    Args:
        trial: In any state; what it does not tell is None.
        objective: Of its study.
    """
    if objective == "accuracy":
        return {"cv_accuracy": trial.value}
    accuracies = fold_accuracies(trial.user_attrs)
    return {
        "cv_accuracy": sum(accuracies) / len(accuracies) if accuracies and trial.state.is_finished() else None,
        f"cv_{objective}": None if trial.value is None else measured(objective, trial.value),
    }
