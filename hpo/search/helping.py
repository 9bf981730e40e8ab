"""Which fold a worker should train ahead that finds no trial to claim: a pure function of how the trials stand.

Folds of one trial do not depend on each other but for how many epochs they may take, so somebody else may train the
next but one. It is used if its trial gets that far. What a helper has to spend is time in which it would wait; what it
should look for is the fold that is used most likely, and needed soonest.

* A trial that goes on to its end whatever it comes to (the original's, one that is audited; every trial where nobody
  parks) uses all of its folds. Of these the one with the most folds that nobody is at keeps the study waiting longest.
* In studies that are pruned by P there are others, and `choose_task` says what their folds are worth: it halves the
  worth of a fold for each that is at work before it, and takes none of a trial that would be parked. It is the rule
  that a worker without a trial goes by in the replay.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hpo.search.tasks import NextFold, Progress, choose_task


@dataclass(frozen=True, kw_only=True)
class AtWork:
    """A trial that a worker holds, as others see it.

    Attributes:
        number: As people know it.
        finished: k: folds 0 to k - 1 are finished.
        folds: How many it has, or will have at most.
        taken: Those that are trained ahead, or that somebody trains ahead now.
        is_ahead: Whether who holds it trains one of these.
        is_sure: Whether it goes on to its end whatever it comes to.
    """

    number: int
    finished: int
    folds: int
    taken: Collection[int] = ()
    is_ahead: bool = False
    is_sure: bool = False

    @property
    def free(self) -> list[int]:
        """The folds that nobody is at: who holds the trial takes the first that nobody has taken."""
        left = [fold for fold in range(self.finished, self.folds) if fold not in self.taken]
        return left if self.is_ahead else left[1:]


def choose_help(trials: Sequence[AtWork], progress: Progress | None) -> NextFold | None:
    """The fold to train ahead.

    Args:
        trials: That workers hold, whose configuration is known; in any order.
        progress: How all trials stand, in studies that are pruned by P; None in others.

    Returns:
        None where no fold is free, or none is worth it.
    """
    sure = [one for one in trials if one.free and (one.is_sure or progress is None)]
    if sure:
        chosen = max(sure, key=lambda one: (len(one.free), -one.number))
        return NextFold(chosen.number, chosen.free[0])
    if progress is None:
        return None
    free = {one.number: one.free for one in trials}
    # Whoever could claim one that waits has looked for that first.
    standings = [
        replace(one, at_work=[fold for fold in range(one.finished, one.folds) if fold not in free.get(one.number, ())])
        for one in progress.trials
    ]
    task = choose_task(replace(progress, trials=standings, unbegun=0))
    return task if isinstance(task, NextFold) else None
