"""A study as a free worker sees it, and what that says to claim: a pure function, above `hpo.search.tasks`.

Before `choose_task` is asked: what a stop or a death broke off goes on as if nothing had happened, so that a search
that was interrupted is the search that was not; so does the original, which goes as far as its contract says. And of
more parked trials than `MOST_PARKED` the least is given up, so that a search of ten thousand stays quick to look at.

After it, where nothing is worth doing and nobody is at work: no leader can turn out weaker any more, and what is parked
is given up, one trial after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """

    trial: Wanted
    gives_up: bool = False


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A study as it was seen.

    Attributes:
        progress: What `choose_task` is asked about.
        waiting: Numbers of the WAITING trials that were begun, in order.
        interrupted: Of these, those that go on before all others.
        busy: Whether any trial is at work.
    """

    progress: Progress
    waiting: Sequence[int] = ()
    interrupted: Sequence[int] = ()
    busy: bool = False

    def next_claim(self) -> Claimed | None:
        """What a free worker should claim; None where there is nothing to do now."""
        if self.interrupted:
            return Claimed(self.interrupted[0])
        if len(self.waiting) > MOST_PARKED:
            return Claimed(self._least(), gives_up=True)
        match choose_task(self.progress):
            case NextFold(number, _):
                return Claimed(number)
            case NewConfiguration():
                return Claimed(NEW)
        return Claimed(self.waiting[0], gives_up=True) if self.waiting and not self.busy else None

    def _least(self) -> int:
        """Of those that wait, the one with the smallest chance; of equals the last."""
        waiting = [one for one in self.progress.trials if one.number in set(self.waiting)]
        return min(waiting, key=lambda one: (self.progress.chance_of(one), -one.number)).number
