"""How long the best trial of a study was not beaten: a fact of its trials, whoever ran them."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState


def trials_unbeaten(trials: Sequence[FrozenTrial], since: int = 0) -> int:
    """Counts the trials that have ended, in a row, since the best one has, without beating it.

    They are counted in the order in which they ended, so the count is the same for all who look at the same moment, and
    only a trial at the same moment can make it another. Those that failed or were pruned have not beaten the best. One
    that is shown as pruned while it is parked has no end yet, and counts from where it began.

    Args:
        trials: Of a study, ours, in any state and order.
        since: So many that ended first are not counted, whether they beat the best or not.

    Returns:
        0 where no trial is complete: there is nothing to be beaten yet.
    """
    ended = in_order_of_their_end([trial for trial in trials if trial.state.is_finished()])
    best, place = None, 0
    for count, trial in enumerate(ended, 1):
        if trial.state == TrialState.COMPLETE and (best is None or (trial.value or 0.0) > best):
            best, place = trial.value or 0.0, count
    return 0 if best is None else max(0, len(ended) - max(place, since))


def in_order_of_their_end(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Sorts trials by when they ended, of the same moment by number."""
    return sorted(trials, key=_end)


def _end(trial: FrozenTrial) -> tuple[float, int]:
    moment = trial.datetime_complete or trial.datetime_start
    return (0.0 if moment is None else moment.timestamp(), trial.number)
