"""A search whose workers take folds: `hpo.search.tasks` decides, as it would for workers of a real study.

Between two epochs P is asked whether the fold should go on, with the other trials as they stood when it began. What a
fold that was broken off has run is kept, as a checkpoint keeps it. Where nothing is worth doing, `hpo.search.audit`
draws which parked trials go on to their end, one fold after another.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from hpo.evaluation.pruning_cost import Audited, Tally
from hpo.search.audit import Draw, draw
from hpo.search.standing import Standing
from hpo.search.tasks import NewConfiguration, NextFold, Progress, choose_task
from searching.clock import Decided, Job
from searching.proposals import Proposer
from searching.world import World


@dataclass
class Trial:
    """A trial of such a search."""

    row: int
    finished: int = 0
    ahead: set[int] = field(default_factory=set)
    at_work: set[int] = field(default_factory=set)
    under_way: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stated:
    """A chance that was stated, and whether it came true."""

    chance: float
    finished: int
    came_true: float


class ByTask:
    """Such a search.

    Args:
        world: The table.
        budget: Trials.
        propose: Who proposes.
        park: See `hpo.search.tasks`.
        within_folds: Whether P is asked between epochs.
        audits: Seed of the audits; None where none is made.
    """

    def __init__(
        self,
        world: World,
        budget: int,
        propose: Proposer,
        park: float,
        within_folds: bool = True,
        audits: int | None = None,
    ) -> None:
        self.world, self._budget, self._propose = world, budget, propose
        self._park, self._within, self._audits = park, within_folds, audits
        #: By number, and the folds that audits have trained.
        self.drawn: dict[int, Draw] = {}
        self.audit_folds = 0
        self.trials: list[Trial] = []
        self.stated: list[Stated] = []
        self._complete: list[Decided] = []
        self._standings: dict[int, Standing] = {}
        #: As it was read last; None where something has happened since.
        self._progress: Progress | None = None

    def next_job(self, worker: int) -> Job | None:
        """What `choose_task` says."""
        progress = self.progress()
        task = self._audit(progress) or choose_task(progress) or self._draw(progress)
        if task is None:
            return None
        self._progress = None
        if isinstance(task, NewConfiguration):
            self.trials.append(Trial(self._proposal()))
            number, fold = len(self.trials) - 1, 0
        else:
            number, fold = task.trial, task.fold
        trial = self.trials[number]
        self._standings.pop(number, None)
        trial.at_work.add(fold)
        first = trial.under_way.get(fold, 0)
        whole = self.world.epochs_to_run(trial.row, fold, range(trial.finished))
        to_the_end = not self._within or self._is_audited(number)
        last = whole if to_the_end else self._last_epoch(progress, number, fold, first, whole)
        trial.under_way[fold] = last
        self._standings.pop(number, None)
        return Job(number, fold, self.world.seconds(trial.row, fold, first, last), finishes=last == whole)

    def ended(self, worker: int, job: Job) -> None:
        """Notes a fold; states P."""
        trial = self.trials[job.trial]
        self._standings.pop(job.trial, None)
        trial.at_work.discard(job.fold)
        self._progress = None
        if not job.finishes:
            return
        beside = self._best(audited=False)
        self.audit_folds += self._is_audited(job.trial)
        trial.under_way.pop(job.fold)
        trial.ahead.add(job.fold)
        while trial.finished in trial.ahead:
            trial.finished += 1
        if trial.finished == self.world.folds and not self._is_audited(job.trial):
            self._complete.append(Decided(trial.row, False, beside))
        self._state(job.trial)

    @property
    def decided(self) -> list[Decided]:
        """Complete trials, and those that are parked: at the end they are given up, or would be but for their audit."""
        beside, whole = self._best(audited=False), self.world.folds
        given_up = [
            one.row for number, one in enumerate(self.trials) if one.finished < whole or self._is_audited(number)
        ]
        return self._complete + [Decided(row, True, beside) for row in given_up]

    def answer(self) -> int | None:
        """The best row with all folds."""
        return self._best(audited=True)

    def tally(self) -> Tally:
        """What a search that has ended tells of the cost of pruning, as `hpo.study.audits` reads it of a study."""
        means, decided = self.world.means, self.decided
        beside = self._best(audited=False)
        best = 0.0 if beside is None else float(means[beside])
        gains = [
            float(means[one.row] - means[one.beside]) for one in decided if not one.pruned and one.beside is not None
        ]
        audits = [
            Audited(one.probability, max(0.0, float(means[self.trials[number].row]) - best))
            for number, one in self.drawn.items()
            if one.audited
        ]
        return Tally(
            given_up=sum(one.pruned for one in decided),
            audits=tuple(audits),
            under_way=0,
            gains=tuple(gain for gain in gains if gain > 0),
        )

    def _best(self, *, audited: bool) -> int | None:
        whole = [
            one.row
            for number, one in enumerate(self.trials)
            if one.finished == self.world.folds and (audited or not self._is_audited(number))
        ]
        return max(whole, key=lambda row: (self.world.means[row], -row), default=None)

    def _is_audited(self, number: int) -> bool:
        return number in self.drawn and self.drawn[number].audited

    def _audit(self, progress: Progress) -> NextFold | None:
        """The next fold of an audit, which one worker at a time has in hand."""
        for one in progress.trials:
            if self._is_audited(one.number) and not one.complete and not self.trials[one.number].at_work:
                return NextFold(one.number, one.finished)
        return None

    def _draw(self, progress: Progress) -> NextFold | None:
        """Draws for the parked trials that were not drawn for, up to the first that is audited."""
        for one in progress.trials:
            parked = not one.complete and not self.trials[one.number].at_work and one.number not in self.drawn
            if parked and self._audits is not None:
                self.drawn[one.number] = draw(self._audits, one.number, progress.chance_of(one))
                if self._is_audited(one.number):
                    return NextFold(one.number, one.finished)
        return None

    def progress(self) -> Progress:
        """How the search stands, as a worker of a study would read it."""
        if self._progress is None:
            self._progress = self._read()
        return self._progress

    def _read(self) -> Progress:
        return Progress(
            trials=[self._standing(number) for number in range(len(self.trials))],
            folds=self.world.folds,
            unbegun=self._budget - len(self.trials),
            rows=self.world.rows,
            discordance=self._discordance,
            park=self._park,
        )

    def _discordance(self, one: int, other: int, folds: int) -> float:
        return float(self.world.discordance[folds - 1, self.trials[one].row, self.trials[other].row])

    def _standing(self, number: int) -> Standing:
        if number not in self._standings:
            self._standings[number] = self._read_trial(number)
        return self._standings[number]

    def _read_trial(self, number: int) -> Standing:
        trial, world = self.trials[number], self.world
        return Standing(
            number=number,
            finished=trial.finished,
            expected=world.expected[trial.row],
            curves=world.table.accuracy[trial.row],
            final=world.told[trial.row, -1] if trial.finished == world.folds else None,
            # What runs now is not seen by others before it ends.
            under_way={fold: ran for fold, ran in trial.under_way.items() if fold not in trial.at_work},
            at_work=frozenset(trial.at_work) | {fold for fold in trial.ahead if fold >= trial.finished},
        )

    def _last_epoch(self, progress: Progress, number: int, fold: int, first: int, whole: int) -> int:
        """The epoch after which the trial is hopeless, else the fold's last."""
        trial = self._standing(number)
        if progress.belief is None or fold != trial.finished:
            return whole
        for epoch in range(first + 1, whole):
            if progress.is_hopeless(replace(trial, under_way={fold: epoch})):
                return epoch
        return whole

    def _state(self, number: int) -> None:
        progress = self.progress()
        belief, trial = progress.belief, self.trials[number]
        if belief is None or not 0 < trial.finished < self.world.folds or belief.leader.number == number:
            return
        difference = self.world.means[trial.row] - self.world.means[self.trials[belief.leader.number].row]
        self.stated.append(Stated(progress.chances[number], trial.finished, float(np.heaviside(difference, 0.5))))

    def _proposal(self) -> int:
        told = self.world.told
        whole = self.world.folds
        return self._propose(
            [(one.row, float(self.world.means[one.row])) for one in self.trials if one.finished == whole],
            [
                (one.row, one.finished, float(np.nanmean(told[one.row, one.finished - 1])))
                for one in self.trials
                if 0 < one.finished < whole and not one.at_work
            ],
            [one.row for one in self.trials],
        )
