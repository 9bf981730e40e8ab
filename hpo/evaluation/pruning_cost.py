"""What pruning costs, estimated from the few trials that were audited: trained to their end though they had no chance.

Three figures, of all studies that are told of together. A trial is *given up* where it was pruned, or would have been
but for its audit, and it *beats* where it would have been the answer.

    P(beats | pruned)   p, the share of the trials given up that beat: the audited ones weighted by 1/q
    P(pruned | beats)   N p / (N p + B), of N trials given up and B complete ones that beat those before them
    regret              N / S times the weighted mean gain: what S studies have lost by pruning, each. The gains of one
                        study are added up where only its largest would count: it is that much or less.

**The interval of p** is Clopper and Pearson's at the effective number of audits, so it holds where none of them beats:
then it ends near 3.7 / n for 95 %, as the rule of three says of a one-sided one. The effective number is (sum w)^2 /
sum w^2, which is what unequal weights leave of independent cases, or what the weighted variance leaves, if that is
fewer. Audits are taken for independent; those of one study share a leader, and a study has one or two.

**The other two** follow it: N and B are counted, not estimated. The gain of a trial that beats is taken for no smaller
than the smallest that an audit has found, and for no larger than the largest by which any trial of these studies,
audited or not, beat those before it. Without any gain nothing bounds the regret, and none is told.

Sources: Hajek 1971 (weighted mean); Kish 1965 (effective number under weights); Korn and Graubard 1998 (Clopper and
Pearson's interval at an effective number, for rare outcomes under weights). How often the intervals hold is counted in
`tests/unit/test_pruning_cost.py`: 98 times of 100 or more, for rare outcomes are told on the safe side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Audited:
    """A trial that was audited, and has ended.

    Attributes:
        probability: q, by which it was drawn.
        gain: By which its accuracy is above that of the best; 0 where it is not.
    """

    probability: float
    gain: float


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One study.

    Attributes:
        given_up: Trials that were drawn for and pruned, and the audited ones that have ended.
        audits: These.
        under_way: Audited ones that have not.
        gains: Of each complete trial that beat those before it, by how much; the audited ones left out.
    """

    given_up: int
    audits: tuple[Audited, ...]
    under_way: int
    gains: tuple[float, ...]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PruningCost:
    """What pruning costs; no figure where nothing is known of it.

    Attributes:
        studies: That have given up a trial.
        given_up: Trials.
        audited: Of them.
        under_way: Audits that have not ended, and are not among these.
        beats_if_pruned: Share of the trials given up that would have been the answer.
        pruned_if_beats: Share of the trials that beat, that were given up.
        regret: Accuracy, for each study.
    """

    studies: int
    given_up: int
    audited: int
    under_way: int
    beats_if_pruned: Estimate | None
    pruned_if_beats: Estimate | None
    regret: Estimate | None


def pruning_cost(tallies: Sequence[Tally]) -> PruningCost:
    """Estimates it from any number of studies, in any order."""
    counted = [one for one in tallies if one.given_up]
    given_up, beats = sum(one.given_up for one in counted), sum(len(one.gains) for one in counted)
    # In an order of their own: the same figures, to the last digit, in whichever order studies are read.
    audits = sorted((one for each in counted for one in each.audits), key=lambda one: (one.probability, one.gain))
    share = _share(audits) if audits else None
    return PruningCost(
        studies=len(counted),
        given_up=given_up,
        audited=len(audits),
        under_way=sum(one.under_way for one in tallies),
        beats_if_pruned=share,
        pruned_if_beats=None if share is None else _among_those_that_beat(share, given_up, beats),
        regret=None if share is None else _regret(counted, audits, share, given_up),
    )


def _share(audits: Sequence[Audited]) -> Estimate:
    weights, beats = _weights(audits), np.array([audit.gain > 0 for audit in audits])
    total = weights.sum()
    share = min(1.0, float(weights @ beats / total))
    effective = float(total**2 / (weights**2).sum())
    variance = float((weights**2 @ (beats - share) ** 2) / total**2)
    if variance > 0:
        effective = min(effective, share * (1 - share) / variance)
    return _clopper_pearson(share, effective)


def _clopper_pearson(share: float, effective: float) -> Estimate:
    # `hpo status` must begin at once, and most studies have no audit.
    from scipy.special import betaincinv

    true, false = share * effective, (1 - share) * effective
    low = float(betaincinv(true, false + 1, 0.025)) if share > 0 else 0.0
    high = float(betaincinv(true + 1, false, 0.975)) if share < 1 else 1.0
    return Estimate(share, low, high)


def _among_those_that_beat(share: Estimate, given_up: int, beats: int) -> Estimate | None:
    def of(pruned: float) -> float:
        return pruned / (pruned + beats) if pruned else 0.0

    # Where nothing has beaten anything, there is no share of that.
    if not beats and not share.value:
        return None
    return Estimate(*(of(given_up * one) for one in (share.value, share.low, share.high)))


def _regret(tallies: Sequence[Tally], audits: Sequence[Audited], share: Estimate, given_up: int) -> Estimate | None:
    found = [audit.gain for audit in audits if audit.gain > 0]
    known = [*found, *(gain for one in tallies for gain in one.gains)]
    if not known:
        return None
    weights = _weights(audits)
    of_each = given_up / len(tallies)
    value = of_each * float(weights @ [audit.gain for audit in audits] / weights.sum())
    # Where all beat by as much, the three are the same but for rounding.
    low, high = of_each * share.low * min(found, default=0.0), of_each * share.high * max(known)
    return Estimate(value, min(low, value), max(high, value))


def _weights(audits: Sequence[Audited]) -> np.ndarray:
    return np.array([1 / audit.probability for audit in audits])
