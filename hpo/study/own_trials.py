"""Optuna's study without the trials of other programs: what samplers and pruners of ours are shown.

Whoever has the study's name may add trials to it, or run them with an objective of their own. These never had a lease.
Their values say nothing about ours, so nothing of ours compares with them.
"""

from collections.abc import Container

import optuna
from optuna.trial import FrozenTrial, TrialState

from storage.trials.lease import is_ours


def own(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the trials that ours have finished, and those that nobody has."""
    return [trial for trial in trials if is_ours(trial) or not trial.state.is_finished()]


class OwnStudy(optuna.Study):
    """A study whose finished trials are ours.

    Optuna's samplers and pruners ask it for trials by these ways (source: optuna 5.0.0, study/study.py).
    """

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        return own(super()._get_trials(deepcopy, states, use_cache))

    @property
    def best_trial(self) -> FrozenTrial:
        """The complete trial with the highest value; of equal ones the first.

        Raises:
            ValueError: There is none.
        """
        complete = self._get_trials(states=(TrialState.COMPLETE,))
        return max(complete, key=lambda trial: (trial.values[0], -trial.number))
