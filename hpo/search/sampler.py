"""A sampler for each trial, seeded from the study and the trial's number.

A sampler is made anew for every trial, so that the proposal depends on the finished trials and on the number alone,
never on which worker asks. Start-up points of different trials differ for the same reason.
"""

import heapq
from collections.abc import Container
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from hpo.search.seeds import derive

#: How many trials TPE is given: these best, and so many of the latest. With all of them a proposal takes longer and
#: longer, 0.2 s after 9,000 trials.
MOST_BEST, MOST_RECENT = 25, 1000


class _WholeSpaceTPE(TPESampler):
    """TPE over the contract's whole space, in a time that hardly grows with the study.

    Optuna infers the joint space from the parameters that all finished trials share, and would leave out whatever
    trial 0 (which may lie outside the space) lacks.
    """

    def __init__(self, space: dict[str, BaseDistribution], **options: Any) -> None:
        super().__init__(**options)
        self._space = space

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {name: entry for name, entry in self._space.items() if not entry.single()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return super().sample_relative(cast(optuna.Study, _BestAndLatest(study)), trial, search_space)


class _BestAndLatest:
    """A study that is read once, and shows TPE its best trials and its latest.

    TPE weighs a tenth of the trials, 25 at most, against all others; so the best are the same as in the whole study.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._trials = study.get_trials(deepcopy=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(self, deepcopy: bool, states: Container[TrialState], use_cache: bool) -> list[FrozenTrial]:
        trials = [trial for trial in self._trials if trial.state in states]
        if use_cache:  # to count them
            return trials
        older, latest = trials[:-MOST_RECENT], trials[-MOST_RECENT:]
        complete = (trial for trial in older if trial.state == TrialState.COMPLETE)
        best = heapq.nlargest(MOST_BEST, complete, key=lambda trial: cast(float, trial.value))
        return [*sorted(best, key=lambda trial: trial.number), *latest]


def sampler_for(
    name: str, distributions: dict[str, BaseDistribution], *, startup_trials: int, seed: int, number: int
) -> BaseSampler:
    """Makes the sampler that proposes one trial.

    Args:
        name: As `--sampler` has it: "tpe" or "random".
        distributions: Of the study's whole search space.
        startup_trials: Random trials before TPE begins.
        seed: The study's.
        number: The trial's.
    """
    trial_seed = derive(seed, "sampler", number)
    if name == "random":
        return RandomSampler(seed=trial_seed)
    return _WholeSpaceTPE(
        distributions,
        seed=trial_seed,
        n_startup_trials=startup_trials,
        multivariate=True,
        constant_liar=True,
    )
