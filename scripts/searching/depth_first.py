"""Searches whose workers take a trial and go through its folds, asking a pruner after each: Optuna's way, and ours.

Optuna's pruners are Optuna's own classes on a real study in memory, which is told after each fold what their
documentation asks for: the mean so far, or the fold itself for the Wilcoxon test. A trial that is pruned is told so,
and never counts as complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.trial import TrialState

from hpo.search.pruner import MIN_COMPLETE, clearly_below, pooled_spread
from searching.clock import Decided, Job
from searching.proposals import Proposer
from searching.world import World

#: Given the world, the rows of complete trials, the row of a trial and how many of its folds are finished.
Rule = Callable[[World, Sequence[int], int, int], bool]


@dataclass
class Trial:
    """A trial of a depth-first search."""

    row: int
    told: optuna.trial.Trial
    finished: int = 0
    complete: bool = False
    pruned: bool = False


@dataclass
class DepthFirst:
    """Such a search.

    Args:
        world: The table.
        budget: Trials.
        propose: Who proposes.
        pruner: Of Optuna; `NopPruner` for none.
        rule: A rule of another kind, asked after the pruner.
        fold_itself: Whether the pruner is told folds, not means so far.
    """

    world: World
    budget: int
    propose: Proposer
    pruner: BasePruner = field(default_factory=optuna.pruners.NopPruner)
    rule: Rule | None = None
    fold_itself: bool = False

    def __post_init__(self) -> None:
        self.study = optuna.create_study(
            direction="maximize", pruner=self.pruner, sampler=optuna.samplers.RandomSampler(seed=0)
        )
        self.trials: list[Trial] = []
        self._hands: dict[int, int] = {}
        self.decided: list[Decided] = []

    def next_job(self, worker: int) -> Job | None:
        """The next fold of the worker's trial, else a new trial."""
        if worker not in self._hands:
            if len(self.trials) >= self.budget:
                return None
            self._hands[worker] = len(self.trials)
            self.trials.append(Trial(self._proposal(), self.study.ask()))
        number = self._hands[worker]
        trial = self.trials[number]
        last = self.world.epochs_to_run(trial.row, trial.finished, range(trial.finished))
        return Job(number, trial.finished, self.world.seconds(trial.row, trial.finished, 0, last))

    def ended(self, worker: int, job: Job) -> None:
        """Tells the pruner, and lets go of what is pruned or complete."""
        trial = self.trials[job.trial]
        trial.finished += 1
        so_far = self.world.told[trial.row, trial.finished - 1, : trial.finished]
        trial.told.report(float(so_far[-1] if self.fold_itself else so_far.mean()), trial.finished)
        beside = self.answer()
        if trial.finished == self.world.folds:
            trial.complete = True
            self.study.tell(trial.told, float(so_far.mean()))
        elif trial.told.should_prune() or self._breaks_rule(trial):
            trial.pruned = True
            self.study.tell(trial.told, state=TrialState.PRUNED)
        else:
            return
        self.decided.append(Decided(trial.row, trial.pruned, beside))
        del self._hands[worker]

    def answer(self) -> int | None:
        """The best complete trial's row."""
        rows = self._complete()
        return max(rows, key=lambda row: (self.world.means[row], -row), default=None)

    def _complete(self) -> list[int]:
        return [trial.row for trial in self.trials if trial.complete]

    def _breaks_rule(self, trial: Trial) -> bool:
        return self.rule is not None and self.rule(self.world, self._complete(), trial.row, trial.finished)

    def _proposal(self) -> int:
        mean = self.world.told
        return self.propose(
            [(row, float(self.world.means[row])) for row in self._complete()],
            [
                (one.row, one.finished, float(np.nanmean(mean[one.row, one.finished - 1])))
                for one in self.trials
                if one.pruned
            ],
            [one.row for one in self.trials],
        )


def paired(world: World, complete: Sequence[int], row: int, finished: int) -> bool:
    """Ours so far (`hpo.search.pruner`): 1.5 standard errors below the best complete trial on the same folds."""
    if len(complete) < MIN_COMPLETE:
        return False
    history = world.told[list(complete), -1]
    incumbent = history[int(np.argmax(history.mean(axis=1)))]
    return clearly_below(world.told[row, finished - 1, :finished], incumbent, pooled_spread(history, incumbent))


def aggressive(world: World, complete: Sequence[int], row: int, finished: int) -> bool:
    """SMAC's intensification, with folds as instances: no better than the incumbent on the folds that both have."""
    if not complete:
        return False
    incumbent = max(complete, key=lambda one: world.means[one])
    return bool(world.told[row, finished - 1, :finished].mean() <= world.told[incumbent, -1, :finished].mean())


def forgiving(world: World, complete: Sequence[int], row: int, finished: int) -> bool:
    """Bergman et al. 2024: the mean so far is below the incumbent's worst fold."""
    if not complete:
        return False
    incumbent = max(complete, key=lambda one: world.means[one])
    return bool(world.told[row, finished - 1, :finished].mean() < world.told[incumbent, -1].min())
