"""Optuna's study without the trials of other programs: what samplers and pruners of ours are shown.

Whoever has the study's name may add trials to it, or run them with an objective of their own. These never had a lease.
Their values say nothing about ours, so nothing of ours compares with them.
"""

import bisect
import copy
from collections.abc import Container
from itertools import takewhile
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from hpo.study.attributes import CONFIGURATION
from storage.trials.lease import is_ours


def own(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the trials that ours have finished, and those that nobody has."""
    return [trial for trial in trials if is_ours(trial) or not trial.state.is_finished()]


def as_they_stand(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Shows trials that were begun and wait as PRUNED: what they are, unless somebody goes on with them.

    Most are parked. What a stop put back between two folds might have been: whoever looks sees the same as if no stop
    had come.
    """
    return [
        _pruned(trial) if trial.state == TrialState.WAITING and CONFIGURATION in trial.user_attrs else trial
        for trial in trials
    ]


def _pruned(trial: FrozenTrial) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.state = TrialState.PRUNED
    return shown


class OwnTrials:
    """Remembers below which number every trial has ended and is ours: what has ended stays so, and may be thousands."""

    def __init__(self) -> None:
        self._below = 0

    def of(self, trials: list[FrozenTrial], whole: bool) -> list[FrozenTrial]:
        """Returns what `own` does.

        Args:
            trials: In the order of their numbers.
            whole: Whether these are all trials of the study.
        """
        begin = bisect.bisect_left(trials, self._below, key=lambda trial: trial.number)
        rest = trials[begin:]
        kept = own(rest)
        if whole:
            self._below += sum(1 for _ in takewhile(lambda trial: trial.state.is_finished() and is_ours(trial), rest))
        return trials if len(kept) == len(rest) else trials[:begin] + kept


class OwnStudy(optuna.Study):
    """A study whose finished trials are ours.

    Args:
        own: Shared by all that look at the study.
        parks: Whether trials that were begun and wait are shown as PRUNED: what they are, as things stand.
            Samplers learn nothing from a trial that waits.
        names: What Optuna's study takes.

    Optuna's samplers and pruners ask it for trials by these ways (source: optuna 5.0.0, study/study.py).
    """

    def __init__(self, own: OwnTrials, parks: bool = False, **names: Any) -> None:
        super().__init__(**names)
        self._own, self._parks = own, parks
        self._listed: list[FrozenTrial] | None = None

    def with_sampler(self, sampler: BaseSampler) -> "OwnStudy":
        """The same study, which need not be found anew by its name."""
        study = copy.copy(self)
        study.sampler = sampler
        return study

    @property
    def trials_as_listed(self) -> list[FrozenTrial]:
        """All trials of ours, as a sampler was shown them; they are listed where none has asked."""
        return self.get_trials(deepcopy=False) if self._listed is None else self._listed

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        if not self._parks or states is None or TrialState.PRUNED not in states:
            trials = self._own.of(super()._get_trials(deepcopy, states, use_cache), whole=states is None)
            shown = as_they_stand(trials) if self._parks else trials
            if states is None and not deepcopy:
                self._listed = shown
            return shown
        every = self._own.of(super()._get_trials(deepcopy, None, use_cache), whole=True)
        return [trial for trial in as_they_stand(every) if trial.state in states]

    @property
    def best_trial(self) -> FrozenTrial:
        """The complete trial with the highest value; of equal ones the first.

        Raises:
            ValueError: There is none.
        """
        complete = self._get_trials(states=(TrialState.COMPLETE,))
        return max(complete, key=lambda trial: (trial.values[0], -trial.number))
