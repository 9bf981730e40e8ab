"""Which hyperparameters mattered: the share of the variance in accuracy that each explains (fANOVA, by Optuna)."""

import warnings
from collections.abc import Collection, Sequence

import optuna
from optuna.trial import FrozenTrial

#: Below this many trials, an importance would be a number without meaning.
MIN_TRIALS = 5


def importances(complete: Sequence[FrozenTrial], searched: Collection[str], seed: int) -> dict[str, float]:
    """Measures the importance of each hyperparameter that took different values.

    Trials that lack a hyperparameter of the space are left out: trial 0 lacks those whose value a narrowed space
    excludes.

    Args:
        complete: Trials that came through all folds.
        searched: Names of the hyperparameters that the sampler chooses.
        seed: Of the random forest.

    Returns:
        Shares by name, which add up to 1; empty where the trials are too few, or all have one score.
    """
    whole = [trial for trial in complete if all(name in trial.params for name in searched)]
    if len(whole) < MIN_TRIALS or len({trial.value for trial in whole}) < 2:
        return {}
    names = [name for name in searched if len({trial.params[name] for trial in whole}) > 1]
    if not names:
        return {}
    # Trials of another study object would be read again and again; a copy in memory holds just these.
    copy = optuna.create_study(direction="maximize")
    copy.add_trials(whole)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental parts of Optuna say so on every call
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
        shares = optuna.importance.get_param_importances(copy, evaluator=evaluator, params=names)
    return {name: float(share) for name, share in shares.items()}
