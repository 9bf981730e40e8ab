"""What a worker of a study that is pruned by P does next: the live half of `hpo.search.tasks`.

A worker holds a trial for one fold at a time. Then the study is looked at anew, and `choose_task`, the function that
the replay calls, says what is worth most: the next fold of the same trial, which goes on under the same lease; or
something else, and the trial is parked. It is WAITING, keeps its folds, its checkpoint and its number, and whoever is
free takes it again when it is worth most. When nothing is worth doing and nobody is at work, what is parked is told
PRUNED, so that the budget is spent exactly.

`hpo.trial.picture` says what is claimed, `hpo.trial.guide` how far to go with it.
"""

import heapq
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.search.audit import seed_of_audits
from hpo.search.standing import Standing
from hpo.search.tasks import Progress
from hpo.study.attributes import CONFIGURATION, PARKED, checkpoint_of, finished_folds
from hpo.study.audits import AUDIT, as_stored, draw_of, is_audited
from hpo.study.ending import ENDED, read_ended
from hpo.study.opened import OpenedStudy
from hpo.trial.guide import Guide
from hpo.trial.picture import Claimed, Picture
from hpo.trial.standings import Standings
from storage.errors import LeaseLostError
from storage.trials.lease import Claim, WorkerIdentity

#: Of the trials that have ended, these best and so many of the latest are what the others are compared with.
MOST_BEST, MOST_RECENT = 25, 100
#: Another may be quicker to claim what was chosen, again and again; then the worker looks a little later.
_MOST_ROUNDS = 20

log = logging.getLogger(__name__)


class Scheduler:
    """Chooses what one worker does.

    Args:
        opened: The study.
        may_go_on: Whether the worker may begin another fold of the trial that it holds: its time is not over.
    """

    def __init__(
        self,
        opened: OpenedStudy,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        contract = opened.contract
        self._opened, self.may_go_on = opened, may_go_on
        self._seen: Picture | None = None
        self._folds = contract.splitting.folds
        self._audits = seed_of_audits(contract.seed, contract.data.fingerprint)
        self._standings = Standings(self._folds, contract.settings.max_epochs, contract.data.development.rows)

    def claim(self, worker: WorkerIdentity, budget: int) -> tuple[Claim, Guide | None] | None:
        """Takes the trial whose next fold is worth most, or a parked one that is to be given up.

        Args:
            worker: Who will hold it.
            budget: The study's number of trials, as just read.

        Returns:
            What is held, and what says how far to go with it (nothing does of the original, which goes as far as its
            contract says); None where there is nothing to do now.
        """
        # Who has just parked a trial has looked, and knows for what.
        picture, self._seen = self._seen, None
        for _ in range(_MOST_ROUNDS):
            picture = picture or self._look(self._opened, budget)
            wanted = picture.next_claim()
            if wanted is None:
                return None
            if wanted.drawn is not None and self._time_is_over(budget):
                picture = replace(picture, seed=None)
                continue
            claim = self._opened.queue.claim(worker, budget, wanted.trial)
            if claim is not None and not wanted.is_put_back:
                return claim, self._guide(claim, picture, wanted)
            if claim is not None and wanted.drawn is not None:
                with suppress(LeaseLostError):
                    self._opened.queue.put_back(claim, {AUDIT: as_stored(wanted.drawn)})
            picture = None
        return None

    def _guide(self, claim: Claim, picture: Picture, wanted: Claimed) -> Guide | None:
        if self._opened.contract.is_original(claim.number):
            return None
        if wanted.drawn is not None and wanted.drawn.audited:
            log.info("trial %d: would be given up, and is trained to its end to tell what pruning costs", claim.number)
        return Guide(self, claim.number, picture, wanted.gives_up, wanted.drawn)

    def _time_is_over(self, budget: int) -> bool:
        """Whether --time has ended the search: whoever waits for it has no time for audits."""
        ended = read_ended(self._opened.attributes(ENDED), budget)
        return ended is not None and ended.why == "time"

    def parks_for(self, picture: Picture) -> None:
        """Hears for what a trial is parked: the next claim need not look again."""
        self._seen = picture

    def look(self, number: int, attributes: Mapping[str, Any], most_s: float | None = None) -> Picture | None:
        """How the study stands for who holds a trial; None where the study is paused.

        Args:
            number: The trial's.
            attributes: Its own, as it knows them.
            most_s: Seconds that a storage which is away is waited for; None for as long as ever.
        """
        opened = self._opened if most_s is None else self._opened.in_a_hurry(most_s)
        budget, paused = opened.orders
        return None if paused else self._look(opened, budget, (number, attributes))

    def standing(self, number: int, attributes: Mapping[str, Any]) -> Standing:
        """How a trial stands that is held."""
        return self._standings.read(number, attributes, TrialState.RUNNING, mine=True)

    def _look(self, opened: OpenedStudy, budget: int, mine: tuple[int, Mapping[str, Any]] | None = None) -> Picture:
        every = opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False)
        return self._picture(opened.own.of(every, whole=True)[:budget], budget, mine)

    def progress_of(self, trials: Sequence[FrozenTrial], budget: int) -> Progress:
        """How trials stand for who holds none of them.

        Args:
            trials: Of the budget, ours, by number.
            budget: The study's number of trials.
        """
        return self._picture(trials, budget, None).progress

    def _picture(
        self, trials: Sequence[FrozenTrial], budget: int, mine: tuple[int, Mapping[str, Any]] | None
    ) -> Picture:
        contract = self._opened.contract
        ended = [trial for trial in trials if trial.state.is_finished()]
        begun = [trial for trial in trials if not trial.state.is_finished() and _is_begun(trial)]
        held = None if mine is None else mine[0]
        waiting = [trial for trial in begun if trial.state == TrialState.WAITING and trial.number != held]
        standings = [self._standings.of(trial) for trial in (*_told_most(ended), *begun) if trial.number != held]
        if mine is not None:
            standings.append(self.standing(*mine))
        first = [one.number for one in waiting if contract.is_original(one.number) or is_audited(one.user_attrs)]
        return Picture(
            progress=Progress(
                trials=standings,
                folds=self._folds,
                unbegun=max(0, budget - len(ended) - len(begun)),
                rows=self._standings.rows,
                discordance=self._standings.discordance,
            ),
            waiting=[trial.number for trial in waiting],
            interrupted=[one.number for one in waiting if one.number in first or self._was_interrupted(one)],
            drawn_for=[one.number for one in waiting if draw_of(one.user_attrs) is not None],
            busy=any(one.state == TrialState.RUNNING and not is_audited(one.user_attrs) for one in begun),
            seed=self._audits,
        )

    def _was_interrupted(self, trial: FrozenTrial) -> bool:
        """Whether a stop or a death broke its fold off, or came between its last fold and its end."""
        if trial.user_attrs.get(PARKED):
            return False
        finished, checkpoint = len(finished_folds(trial.user_attrs, self._folds)), checkpoint_of(trial.user_attrs)
        return finished == self._folds or (checkpoint is not None and checkpoint.fold == finished)


def _is_begun(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.RUNNING or CONFIGURATION in trial.user_attrs


def _told_most(ended: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The best of those that have ended, and the latest."""
    older, latest = ended[:-MOST_RECENT], ended[-MOST_RECENT:]
    complete = (trial for trial in older if trial.state == TrialState.COMPLETE)
    return [*heapq.nlargest(MOST_BEST, complete, key=lambda trial: (trial.value or 0.0, -trial.number)), *latest]
