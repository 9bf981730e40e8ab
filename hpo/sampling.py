"""A sampler for each trial, seeded from the study and the trial's number.

A sampler is made anew for every trial, so that the proposal depends on the finished trials and on the number alone,
never on which worker asks. Start-up points of different trials differ for the same reason.
"""

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
from optuna.trial import FrozenTrial

from hpo.contract import Search
from hpo.seeds import derive

#: TPE compares the best trials (25 at most) with the latest of the others, at most so many: with all of them a
#: proposal takes longer and longer, 0.2 s after 9,000 trials.
MOST_OTHERS = 1000


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

    def _build_parzen_estimator(
        self,
        study: optuna.Study,
        search_space: dict[str, BaseDistribution],
        trials: list[FrozenTrial],
        handle_below: bool,
    ) -> _ParzenEstimator:
        # By number, the running ones too, whom TPE keeps away from.
        chosen = trials if handle_below else trials[-MOST_OTHERS:]
        return super()._build_parzen_estimator(study, search_space, chosen, handle_below)


def sampler_for(search: Search, seed: int, number: int) -> BaseSampler:
    """The sampler that proposes trial `number`.

    Args:
        search: The contract's search settings.
        seed: The study's seed.
        number: The trial's number.
    """
    trial_seed = derive(seed, "sampler", number)
    if search.sampler == "random":
        return RandomSampler(seed=trial_seed)
    return _WholeSpaceTPE(
        search.space.distributions,
        seed=trial_seed,
        n_startup_trials=search.startup_trials,
        multivariate=True,
        constant_liar=True,
    )
