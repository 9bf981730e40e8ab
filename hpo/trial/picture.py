"""A study as a free worker sees it, and what that says to claim: a pure function, above `hpo.search.tasks`.

Before `choose_task` is asked: what a stop or a death broke off goes on as if nothing had happened, so that a search
that was interrupted is the search that was not; so does the original, which goes as far as its contract says. And of
more parked trials than `MOST_PARKED` the least is given up, so that a search of ten thousand stays quick to look at.

After it, where nothing is worth doing: for each parked trial it is drawn whether it is audited (`hpo.search.audit`).
Those that are go on to their end, so that who is free while others are at work need not wait. Where nobody is at work
either, no leader can turn out weaker any more, and what is parked is given up, one trial after another.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hpo.search.audit import Draw, draw
from hpo.search.tasks import NewConfiguration, NextFold, Progress, choose_task
from storage.trials.ledger import NEW, Wanted

#: More trials than these are not kept parked: each is read whenever somebody looks.
MOST_PARKED = 64


@dataclass(frozen=True)
class Claimed:
    """What is to be claimed.

    Attributes:
        trial: Its number, or any that is new.
        gives_up: Whether to end it as PRUNED.
        drawn: What was drawn for it just now, to be written to it; None where nothing was.
    """

    trial: Wanted
    gives_up: bool = False
    drawn: Draw | None = None

    @property
    def is_put_back(self) -> bool:
        """Whether what was drawn is all that is to be done: it is not audited, and may still thaw."""
        return self.drawn is not None and not self.drawn.audited and not self.gives_up


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A study as it was seen.

    Attributes:
        progress: What `choose_task` is asked about.
        waiting: Numbers of the WAITING trials that were begun, in order.
        interrupted: Of these, those that go on before all others.
        drawn_for: Numbers of those that are not drawn for again.
        busy: Whether any trial is at work, but for audited ones.
        seed: Of the study's audits; None where none is made.
    """

    progress: Progress
    waiting: Sequence[int] = ()
    interrupted: Sequence[int] = ()
    drawn_for: Collection[int] = ()
    busy: bool = False
    seed: int | None = None

    def next_claim(self) -> Claimed | None:
        """What a free worker should claim; None where there is nothing to do now."""
        if self.interrupted:
            return Claimed(self.interrupted[0])
        if len(self.waiting) > MOST_PARKED:
            return self._given_up(self._least())
        match choose_task(self.progress):
            case NextFold(number, _):
                return Claimed(number)
            case NewConfiguration():
                return Claimed(NEW)
        if not self.busy:
            return self._given_up(self.waiting[0]) if self.waiting else None
        drawn = ((number, self._draw(number)) for number in self.waiting)
        return next((Claimed(number, drawn=one) for number, one in drawn if one is not None), None)

    def _given_up(self, number: int) -> Claimed:
        drawn = self._draw(number)
        return Claimed(number, gives_up=drawn is None or not drawn.audited, drawn=drawn)

    def _draw(self, number: int) -> Draw | None:
        if self.seed is None or number in self.drawn_for:
            return None
        trial = next(one for one in self.progress.trials if one.number == number)
        return draw(self.seed, number, self.progress.chance_of(trial))

    def _least(self) -> int:
        """Of those that wait, the one with the smallest chance; of equals the last."""
        waiting = [one for one in self.progress.trials if one.number in set(self.waiting)]
        return min(waiting, key=lambda one: (self.progress.chance_of(one), -one.number)).number
