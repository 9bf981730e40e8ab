"""Whether more trials of a study are likely to pay, from its trials (`hpo.search.gain`)."""

from collections.abc import Sequence

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from hpo.search.gain import LEAST_COMPLETE, NEXT, Prospect, prospect_of
from hpo.study.attributes import fold_accuracies

#: Trials that have ended before it is asked: TPE has made some proposals of its own by then, after ten at random.
LEAST_FINISHED = 15
#: Of a study with more of them they are not all read for it: that would take seconds.
MOST_FINISHED = 1000


def prospect_of_trials(trials: Sequence[FrozenTrial], folds: int) -> Prospect | None:
    """Tells what ten more trials promise; None where these tell too little.

    Args:
        trials: Of a study's budget, ours, in any state.
        folds: K.
    """
    finished = [trial for trial in trials if trial.state.is_finished()]
    if len(finished) < LEAST_FINISHED:
        return None
    told = [fold_accuracies(trial.user_attrs) for trial in finished if trial.state == TrialState.COMPLETE]
    whole = [accuracies for accuracies in told if len(accuracies) == folds]
    return prospect_of(np.array(whole, dtype=np.float64).reshape(-1, folds), len(finished))


def prospect_in_words(prospect: Prospect | None) -> str:
    """Says in one line whether more trials pay."""
    if prospect is None:
        return f"Whether more trials pay is told from {LEAST_FINISHED} finished ones on, {LEAST_COMPLETE} complete."
    verdict = "they may pay" if prospect.pays else "unlikely to pay"
    return (
        f"{NEXT} more trials are expected to gain {100 * prospect.gain:.2f} points of accuracy, where one trial's is "
        f"uncertain by {100 * prospect.noise:.2f}: {verdict}."
    )
