"""A trial's accuracies and scores: those of its finished folds, all at the one epoch that is best for them together.

Whatever the objective, the epoch is the one with the lowest mean loss (`model.epochs`): the loss moves smoothly, while
the highest of many Matthews correlations of a fold is high by luck. So the objective changes no training either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.evaluation.objective import score
from model.epochs import Curves, choose_epoch
from model.training import FoldResult


@dataclass(frozen=True, kw_only=True)
class ScoredCurves(Curves):
    """A fold's curves, and its scores by the study's objective after each epoch; higher is better."""

    scores: Sequence[float]


#: By fold.
Finished = dict[int, ScoredCurves]


def scored(result: FoldResult, labels: NDArray[np.bool_], objective: Objective) -> ScoredCurves:
    """Scores a fold after each of its epochs.

    Args:
        result: Of the fold.
        labels: [N] of the rows that are validated in it.
        objective: Of the study. Accuracies are taken as they were measured while it was trained.
    """
    curves = result.curves
    by_epoch = (
        curves.validation_accuracy
        if objective == "accuracy"
        else [score(objective, labels, probabilities) for probabilities in result.probabilities]
    )
    return ScoredCurves(**vars(curves), scores=by_epoch)


def first_folds(finished: Mapping[int, ScoredCurves]) -> list[ScoredCurves]:
    """Returns the curves of folds 0, 1, ... up to the first one missing."""
    return [finished[fold] for fold in takewhile(finished.__contains__, count())]


def accuracies_of(curves: Sequence[Curves]) -> tuple[float, ...]:
    """Returns each fold's accuracy after the epoch that is best for all of them together.

    Args:
        curves: Of one fold or more.
    """
    epoch = choose_epoch(curves)
    return tuple(float(one.validation_accuracy[epoch - 1]) for one in curves)


def scores_of(curves: Sequence[ScoredCurves]) -> tuple[float, ...]:
    """Returns each fold's score after that epoch; arguments as `accuracies_of`."""
    epoch = choose_epoch(curves)
    return tuple(float(one.scores[epoch - 1]) for one in curves)


def value_of(finished: Mapping[int, ScoredCurves]) -> float | None:
    """Returns the mean score of a trial's first folds; None where not even the first is finished."""
    curves = first_folds(finished)
    scores = scores_of(curves) if curves else ()
    return sum(scores) / len(scores) if scores else None
