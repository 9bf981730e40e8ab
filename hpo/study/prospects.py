"""Whether more trials of a study are likely to pay, from its trials (`hpo.search.gain`)."""

from collections.abc import Sequence

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from hpo.choices import Objective
from hpo.objectives import in_points
from hpo.search.gain import LEAST_COMPLETE, NEXT, Prospect, prospect_of
from hpo.study.objective import fold_scores

#: Trials that have ended before it is asked: TPE has made some proposals of its own by then, after ten at random.
LEAST_FINISHED = 15
#: Of a study with more of them they are not all read for it: that would take seconds.
MOST_FINISHED = 1000


def prospect_of_trials(trials: Sequence[FrozenTrial], folds: int, objective: Objective) -> Prospect | None:
    """Tells what ten more trials promise; None where these tell too little.

    Args:
        trials: Of a study's budget, ours, in any state.
        folds: K.
        objective: Of the study.
    """
    finished = [trial for trial in trials if trial.state.is_finished()]
    if len(finished) < LEAST_FINISHED:
        return None
    told = [fold_scores(trial.user_attrs, objective) for trial in finished if trial.state == TrialState.COMPLETE]
    whole = [scores for scores in told if len(scores) == folds]
    return prospect_of(np.array(whole, dtype=np.float64).reshape(-1, folds), len(finished))


def prospect_in_words(prospect: Prospect | None, objective: Objective) -> str:
    """Says in one line whether more trials pay."""
    if prospect is None:
        return f"Whether more trials pay is told from {LEAST_FINISHED} finished ones on, {LEAST_COMPLETE} complete."
    verdict = "they may pay" if prospect.pays else "unlikely to pay"
    noise = in_points(objective, prospect.noise).split()[0]
    return (
        f"{NEXT} more trials are expected to gain {in_points(objective, prospect.gain)}, where one trial's is "
        f"uncertain by {noise}: {verdict}."
    )
