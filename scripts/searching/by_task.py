"""A search whose workers take folds: `hpo.search.tasks` decides, as it would for workers of a real study.

Between two epochs P is asked whether the fold should go on, with the other trials as they stood when it began. What a
fold that was broken off has run is kept, as a checkpoint keeps it.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from hpo.search.standing import Standing
from hpo.search.tasks import NewConfiguration, Progress, choose_task
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
    """

    def __init__(self, world: World, budget: int, propose: Proposer, park: float, within_folds: bool = True) -> None:
        self.world, self._budget, self._propose = world, budget, propose
        self._park, self._within = park, within_folds
        self.trials: list[Trial] = []
        self.stated: list[Stated] = []
        self._complete: list[Decided] = []
        self._standings: dict[int, Standing] = {}
        #: As it was read last; None where something has happened since.
        self._progress: Progress | None = None

    def next_job(self, worker: int) -> Job | None:
        """What `choose_task` says."""
        progress = self.progress()
        task = choose_task(progress)
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
        last = self._last_epoch(progress, number, fold, first, whole) if self._within else whole
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
        beside = self.answer()
        trial.under_way.pop(job.fold)
        trial.ahead.add(job.fold)
        while trial.finished in trial.ahead:
            trial.finished += 1
        if trial.finished == self.world.folds:
            self._complete.append(Decided(trial.row, False, beside))
        self._state(job.trial)

    @property
    def decided(self) -> list[Decided]:
        """Complete trials, and those that are parked: at the end they are given up."""
        beside, whole = self.answer(), self.world.folds
        return self._complete + [Decided(one.row, True, beside) for one in self.trials if one.finished < whole]

    def answer(self) -> int | None:
        """The best row with all folds."""
        whole = [one.row for one in self.trials if one.finished == self.world.folds]
        return max(whole, key=lambda row: (self.world.means[row], -row), default=None)

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
        """The epoch after which P falls below the limit, else the fold's last."""
        belief, trial = progress.belief, self._standing(number)
        if belief is None or fold != trial.finished:
            return whole
        for epoch in range(first + 1, whole):
            if belief.chance_of(replace(trial, under_way={fold: epoch})) < self._park:
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
