"""What a study's trials say of each other: who leads, and with what chance each of the others ends above it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpo.search.chance import Outlook, Step, UnderWay, chance_of_leading, gain_by_leading, outlook
from hpo.search.standing import Standing
from hpo.search.steps import VARIANCE_TRIALS, fit_steps

#: Share of rows on which two trials differ, where predictions are not at hand.
TYPICAL_DISCORDANCE = 0.06
#: Root mean square of what a difference changes within a fold, where nothing is known, and the folds this counts for.
PRIOR_BLUR, PRIOR_BLUR_FOLDS = 0.2, 2
#: Standard deviation of what a first fold reaches that is unlike all others.
UNLIKE = 0.2

#: The share of rows, of the folds that two trials (by their numbers) have both finished (so many), on which one of
#: them is right and the other wrong.
Discordance = Callable[[int, int, int], float]


def typical_discordance(trial: int, other: int, folds: int) -> float:
    """Where no predictions are at hand."""
    return TYPICAL_DISCORDANCE


@dataclass(frozen=True)
class Prospect:
    """What a trial may still come to.

    Attributes:
        chance: P.
        gain: The accuracy by which it is expected to end above the leader, 0 where it does not.
    """

    chance: float
    gain: float


@dataclass(frozen=True)
class Belief:
    """The trials of a study that have a finished fold, compared with their leader. K folds, E epochs.

    Args:
        trials: At least one; each has a finished fold, and none has failed.
        rows: N validated in a fold, about.
        discordance: Of any two trials.
    """

    trials: Sequence[Standing]
    rows: int
    discordance: Discordance

    @cached_property
    def leader(self) -> Standing:
        """The one that all others are compared with: the best by what it can be relied on to reach.

        Of a complete trial that is its mean; of another what it is expected to reach, less a standard deviation. One
        that was given up will never be the answer, so it leads only where there is no other.
        """
        going = [one for one in self.trials if not one.given_up]
        return max(going or self.trials, key=lambda one: (_relied_on(self._outlooks[one.number]), -one.number))

    @cached_property
    def chance_of_a_new_one(self) -> float:
        """P of a trial of which nothing is known: as that of the others had after one fold, with one more, even, trial.

        So among n trials that are alike it is about 1 / (n + 1).
        """
        leader = self._outlooks[self.leader.number]
        begun = (outlook(float(one.means[0]), 1, self._steps) for one in self.trials)
        chances = [chance_of_leading(one, leader, self._freedom) for one in begun]
        return (sum(chances) + 0.5) / (len(chances) + 1)

    def chance_of(self, trial: Standing) -> float:
        """P of a trial as it stands, which may have run more epochs than when the others were read."""
        return self.prospect_of(trial).chance

    def prospect_of(self, trial: Standing) -> Prospect:
        """What a trial may come to as it stands, which may have run more epochs than when the others were read."""
        if trial.number == self.leader.number:
            return Prospect(chance=1.0, gain=np.inf)
        if not trial.finished:
            return self._at_first(trial)
        return self._beside_leader(self._outlook(trial, self._under_way(trial)))

    def _beside_leader(self, trial: Outlook) -> Prospect:
        leader = self._outlooks[self.leader.number]
        return Prospect(
            chance=chance_of_leading(trial, leader, self._freedom), gain=gain_by_leading(trial, leader, self._freedom)
        )

    def _at_first(self, trial: Standing) -> Prospect:
        """Of a trial in its first fold: it is like the others, or, as one more of their number, like nothing seen."""
        promise = self._under_way(trial)
        if promise is None or np.isinf(promise.blur):
            return Prospect(chance=self.chance_of_a_new_one, gain=np.inf)
        if np.isnan(promise.promised):
            return Prospect(chance=0.0, gain=0.0)
        count, middle, variances = self._firsts
        widths = variances + promise.blur
        believed = np.array([count, 1]) * np.exp(-0.5 * (promise.promised - middle) ** 2 / widths) / widths**0.5
        parts = variances / widths
        ends = [
            self._beside_leader(
                outlook(middle + part * (promise.promised - middle), 1, self._steps, variance=variance * (1 - part))
            )
            for part, variance in zip(parts.tolist(), variances.tolist(), strict=True)
        ]
        believed /= believed.sum()
        return Prospect(
            chance=float(believed @ [end.chance for end in ends]), gain=float(believed @ [end.gain for end in ends])
        )

    @cached_property
    def _firsts(self) -> tuple[int, float, NDArray[np.float64]]:
        """First folds that are known, their middle, and [2] the variances of one like them and of one like nothing."""
        firsts = np.array([float(one.means[0]) for one in self.trials])
        middle = float(np.median(firsts))
        # Taken from the median, which a few that learned nothing do not widen.
        alike = (1.4826 * float(np.median(abs(firsts - middle)))) ** 2 + self._spread
        return len(firsts), middle, np.array([alike, alike + UNLIKE**2])

    @cached_property
    def _steps(self) -> list[Step]:
        return fit_steps(self.trials, self._spread)

    @cached_property
    def _outlooks(self) -> dict[int, Outlook]:
        """By number, of finished folds alone."""
        return {one.number: self._outlook(one, None) for one in self.trials}

    def _outlook(self, trial: Standing, under_way: UnderWay | None) -> Outlook:
        if trial.mean is not None:
            return Outlook(mean=trial.mean)
        return outlook(float(trial.means[trial.finished - 1]), trial.finished, self._steps, under_way)

    @cached_property
    def _spread(self) -> float:
        """s^2 of one fold of one trial, by how much trials differ from the first of them."""
        first = max(self.trials, key=lambda one: (one.finished, float(one.means[one.finished - 1]), -one.number))
        shares = [
            self.discordance(one.number, first.number, min(one.finished, first.finished))
            for one in self.trials
            if one is not first
        ]
        # The typical share counts as one trial more: two that are alike say little of the next. Where all are alike,
        # the next may still differ by a row.
        return max(float(np.median([*shares, TYPICAL_DISCORDANCE])), 1 / self.rows) / self.rows / 2

    @cached_property
    def _freedom(self) -> float:
        return float(VARIANCE_TRIALS + sum(one.finished > 1 for one in self.trials))

    def _under_way(self, trial: Standing) -> UnderWay | None:
        """What the fold under way promises: the leader's accuracy on it, and by how much the trial is ahead so far."""
        leader, fold = self.leader, trial.finished
        epochs = trial.under_way.get(fold, 0)
        if not epochs or fold >= leader.finished:
            return None
        # A leader's fold that ended earlier would not have become better: its last epoch stands for later ones.
        last = min(epochs, int(np.isfinite(leader.curves[fold]).sum()))
        ahead = float(trial.curves[fold, epochs - 1] - leader.curves[fold, last - 1])
        return UnderWay(promised=float(leader.so_far[fold]) + ahead, blur=float(self._blur[epochs - 1]))

    @cached_property
    def _blur(self) -> NDArray[np.float64]:
        """[E] q^2, from the finished folds that each trial shares with the leader; infinite where there is none."""
        leader = self.leader
        squares, folds = np.zeros(leader.curves.shape[1]), np.zeros(leader.curves.shape[1])
        others = [one for one in self.trials if one is not leader]
        if others:
            shared = np.array([min(one.finished, leader.finished) for one in others])
            known = np.arange(leader.folds) < shared[:, None]
            ends = np.array([one.expected[one.finished - 1] for one in others]) - leader.expected[leader.finished - 1]
            so_far = np.array([one.curves for one in others]) - leader.curves
            there = known[:, :, None] & np.isfinite(so_far)
            squares = (np.where(there, so_far - ends[:, :, None], 0.0) ** 2).sum(axis=(0, 1))
            folds = there.sum(axis=(0, 1))
        pooled = (PRIOR_BLUR_FOLDS * PRIOR_BLUR**2 + squares) / (PRIOR_BLUR_FOLDS + folds)
        return np.where(folds > 0, pooled, np.inf)


def _relied_on(end: Outlook) -> float:
    return end.mean - float(np.sqrt(end.variance))
