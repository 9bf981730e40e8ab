"""Listing trials that a cache holds, as fast as can be: of ten thousand perhaps, and at each proposal."""

from collections.abc import Container, Mapping
from operator import attrgetter

from optuna.trial import FrozenTrial, TrialState

# The attribute under the property: the latter is a call of Python's for each trial.
_number = attrgetter("_number")


def by_number(trials: Mapping[int, FrozenTrial], states: Container[TrialState] | None) -> list[FrozenTrial]:
    """Returns the trials in some states, or all, by number.

    Args:
        trials: By number, in any order.
        states: None for all.
    """
    chosen = [trial for trial in trials.values() if states is None or trial.state in states]
    # They come almost in order, and are then sorted in one pass.
    chosen.sort(key=_number)
    return chosen
