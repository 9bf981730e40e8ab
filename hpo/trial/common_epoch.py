"""A trial's accuracies: those of its finished folds, all at the one epoch that is best for them together."""

from collections.abc import Mapping, Sequence
from itertools import count, takewhile

from model.epochs import Curves, choose_epoch


def first_folds(finished: Mapping[int, Curves]) -> list[Curves]:
    """Returns the curves of folds 0, 1, ... up to the first one missing."""
    return [finished[fold] for fold in takewhile(finished.__contains__, count())]


def accuracies_of(curves: Sequence[Curves]) -> tuple[float, ...]:
    """Returns each fold's accuracy after the epoch that is best for all of them together.

    Args:
        curves: Of one fold or more.
    """
    epoch = choose_epoch(curves)
    return tuple(float(one.validation_accuracy[epoch - 1]) for one in curves)


def value_of(finished: Mapping[int, Curves]) -> float | None:
    """Returns the mean accuracy of a trial's first folds; None where not even the first is finished."""
    curves = first_folds(finished)
    accuracies = accuracies_of(curves) if curves else ()
    return sum(accuracies) / len(accuracies) if accuracies else None
