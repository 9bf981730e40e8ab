"""Configurations of an earlier study: how many of them a new search tries.

The best of the earlier study come first, best first. The first few are tried whatever happens: nobody can know before
whether what was good there is good here. From then on it is asked how their ranks agree: of two earlier configurations
that have both ended here, is the one that was better there better here? The share of pairs that say yes, less the share
that say no, is Kendall's tau. Of the rest, the share tau is offered, and none where tau is 0 or less:

    offered = FIRST + floor(max(0, tau) (M - FIRST)),    of M configurations.

So the weight of the earlier study falls with the agreement, down to none, and rises again where later trials agree; a
search whose data are others loses FIRST trials to it at most, if tau is right. It may not be: among the best of a study
ranks differ by noise more than by worth, and of three trials every sixth order agrees by chance. What it costs then is
a few trials that were good somewhere.

Only the order of the earlier values is used: other data, and other ways to measure, make no difference. Trials that are
claimed at the same moment do not see what the others are offered; each leaves as many to those of lower numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hpo.search.parameters import Value

#: Tried whatever happens, and the most that are kept of a study.
FIRST, MOST = 3, 10


@dataclass(frozen=True)
class Earlier:
    """A configuration of an earlier study.

    Attributes:
        params: Of the searched parameters of this one, all of them.
        value: What it reached there; higher is better.
        number: Its trial there.
    """

    params: Mapping[str, Value]
    value: float
    number: int


def offered(earlier: Sequence[Earlier], trials: Sequence[FrozenTrial], choosing: int = 0) -> Earlier | None:
    """Chooses the earlier configuration to try next.

    Args:
        earlier: The best first.
        trials: Of this study, in any state and order.
        choosing: How many others come first who have not chosen yet.

    Returns:
        None where none is offered, now or at all.
    """
    tried = [(one, trial) for one in earlier if (trial := _trial_of(one, trials)) is not None]
    agreement = rank_agreement([(one.value, _rank(trial)) for one, trial in tried if trial.state.is_finished()])
    most = FIRST + int(max(0.0, agreement) * max(0, len(earlier) - FIRST))
    known = {one.number for one, _ in tried}
    left = [one for one in earlier if one.number not in known][: max(0, most - len(tried))]
    return left[choosing] if choosing < len(left) else None


def rank_agreement(pairs: Sequence[tuple[Any, Any]]) -> float:
    """Kendall's tau (a) of things that have a rank here and a rank there; 0 where fewer than FIRST have both."""
    if len(pairs) < FIRST:
        return 0.0
    signs = [_sign(one[0], other[0]) * _sign(one[1], other[1]) for one, other in combinations(pairs, 2)]
    return sum(signs) / len(signs)


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _rank(trial: FrozenTrial) -> tuple[int, float]:
    """A trial that was given up ranks below every complete one, and one that failed below these."""
    stage = {TrialState.COMPLETE: 2, TrialState.PRUNED: 1}.get(trial.state, 0)
    # A score may be negative.
    return stage, trial.value if stage and trial.value is not None else -math.inf


def _trial_of(earlier: Earlier, trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    return next((trial for trial in trials if earlier.params.items() <= _params(trial).items()), None)


def _is_choosing(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.RUNNING and not _params(trial)


def _params(trial: FrozenTrial) -> dict[str, Any]:
    """Its params, or those that it will have."""
    fixed = trial.system_attrs.get("fixed_params")
    return {**(fixed if isinstance(fixed, dict) else {}), **trial.params}


class WarmStarted(BaseSampler):
    """Proposes configurations of an earlier study while they are offered, and else asks another sampler.

    Args:
        sampler: The other one.
        earlier: The best first.
        distributions: Of the whole search space.
    """

    def __init__(
        self, sampler: BaseSampler, earlier: Sequence[Earlier], distributions: Mapping[str, BaseDistribution]
    ) -> None:
        self._sampler, self._earlier, self._distributions = sampler, earlier, dict(distributions)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The whole space: Optuna takes from `sample_relative` nothing else."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The earlier configuration; or what the other sampler proposes."""
        # What has its params fixed, all or some, is a trial that somebody asked for.
        if "fixed_params" not in trial.system_attrs:
            others = [one for one in study.get_trials(deepcopy=False) if one.number != trial.number]
            choosing = sum(one.number < trial.number and _is_choosing(one) for one in others)
            if (one := offered(self._earlier, others, choosing)) is not None:
                return dict(one.params)
        return self._sampler.sample_relative(study, trial, self._sampler.infer_relative_search_space(study, trial))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """What the other sampler proposes."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """As the other sampler has it."""
        self._sampler.before_trial(study, trial)
