"""What a worker that is free should do next: a pure function of how the study's trials stand.

A task is the next fold of a trial, or the first fold of a new configuration. Worth most is what has the best chance to
lead for the folds that it still needs: P / (K - k) of a trial with k folds finished, P / K of a new one. A trial whose
P is below PARK is parked, unless what it may gain is above PARK_GAIN: where folds vary by many points, one chance in a
hundred is a chance of points, and worth a fold. Nobody works on a parked trial, but nothing of it is lost, and since P
is asked anew whenever a worker is free, it thaws when the leader turns out weaker. Trials that are parked when no task
is left are given up for good.

Workers that come while others are busy take what is worth less, down to a second fold of a trial whose first is at
work; each fold at work halves the worth of one more, which it may make pointless. Two workers that ask at once with
the same state get the same answer: whoever writes it down first has it, and the other asks again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hpo.search.belief import Belief, Discordance, Prospect, typical_discordance
from hpo.search.standing import PARK, PARK_GAIN, Standing

#: What nobody has seen anything of, as good as any other.
EVEN = 0.5


@dataclass(frozen=True)
class NextFold:
    """A fold of a trial that was begun."""

    trial: int
    fold: int


@dataclass(frozen=True)
class NewConfiguration:
    """The first fold of a configuration that is to be proposed."""


Task = NextFold | NewConfiguration


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How a study stands.

    Attributes:
        trials: All that were begun, in any order.
        folds: K.
        unbegun: Configurations that the budget still allows.
        rows: N validated in a fold, about.
        discordance: Of any two trials.
        park: A trial with a smaller P is parked, if it has less than PARK_GAIN to gain.
    """

    trials: Sequence[Standing]
    folds: int
    unbegun: int
    rows: int
    discordance: Discordance = typical_discordance
    park: float = PARK

    @cached_property
    def belief(self) -> Belief | None:
        """What the trials tell; None while no fold is finished."""
        told = [one for one in self.trials if one.finished and not one.failed]
        return Belief(told, self.rows, self.discordance) if told else None

    @cached_property
    def chance_of_a_new_one(self) -> float:
        """P of a configuration that was not begun."""
        return EVEN if self.belief is None else self.belief.chance_of_a_new_one

    @cached_property
    def chances(self) -> dict[int, float]:
        """P of each trial, by number."""
        return {one.number: self.chance_of(one) for one in self.trials}

    def chance_of(self, trial: Standing) -> float:
        """P of a trial, which may have run more epochs than when the others were read."""
        return self.prospect_of(trial).chance

    def prospect_of(self, trial: Standing) -> Prospect:
        """What such a trial may come to."""
        return Prospect(chance=EVEN, gain=math.inf) if self.belief is None else self.belief.prospect_of(trial)

    def is_hopeless(self, trial: Standing) -> bool:
        """Says whether nobody should work on such a trial as things stand."""
        return self._parks(self.prospect_of(trial))

    def worth_of(self, trial: Standing) -> float:
        """What the next fold of a trial is worth; 0 where nobody should work on it."""
        prospect = self.prospect_of(trial)
        if self._parks(prospect):
            return 0.0
        return prospect.chance / (self.folds - trial.finished) * 0.5 ** len(trial.at_work)

    def _parks(self, prospect: Prospect) -> bool:
        return prospect.chance < self.park and prospect.gain < PARK_GAIN


def choose_task(progress: Progress) -> Task | None:
    """The task that is worth most, of equals that of the lowest trial number.

    Args:
        progress: Of the study. Nothing else decides: no clock, no chance, not who asks.

    Returns:
        None where nothing is worth doing: all trials are complete, failed, parked or wholly at work.
    """
    best: tuple[float, int, Task] | None = None
    for one in progress.trials:
        # Of thousands of trials that have ended, nobody asks for their chance.
        fold = one.next_fold
        if fold is not None and (worth := progress.worth_of(one)) > 0:
            best = _better(best, (worth, one.number, NextFold(one.number, fold)))
    if progress.unbegun > 0:
        last = max((one.number for one in progress.trials), default=-1) + 1
        best = _better(best, (progress.chance_of_a_new_one / progress.folds, last, NewConfiguration()))
    return None if best is None else best[2]


def parked(progress: Progress) -> list[int]:
    """The trials that are neither complete nor failed, and that nobody should work on as things stand."""
    return [one.number for one in progress.trials if not one.complete and not one.failed and progress.is_hopeless(one)]


def _better(one: tuple[float, int, Task] | None, other: tuple[float, int, Task]) -> tuple[float, int, Task]:
    return other if one is None or (-other[0], other[1]) < (-one[0], one[1]) else one
