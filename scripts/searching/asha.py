"""Syne-tune's ASHA on a table, by epochs of a trial counted through its folds; its proposals are random rows.

An answer counts once it has all folds, as for every other search here. Syne-tune is not installed with hpo:
`pip install syne-tune`.
"""

import datetime
from typing import Any

import numpy as np

from searching.clock import Decided, Job
from searching.world import World


class Asha:
    """Syne-tune's ASHA (stopping, reduction factor 3) on a trial's epochs, counted through its folds.

    Args:
        world: The table.
        budget: Trials.
        seed: Of the random proposals.
    """

    def __init__(self, world: World, budget: int, seed: int) -> None:
        from syne_tune.config_space import randint
        from syne_tune.optimizer.baselines import ASHA

        np.random.seed(seed)  # it draws the bracket from this generator, of which there is one
        self._world, self._budget = world, budget
        self._asha = ASHA(
            {"row": randint(0, world.size - 1)},
            metric="accuracy",
            time_attr="epoch",
            max_t=world.folds * world.table.loss.shape[2],
            do_minimize=False,
            random_seed=seed,
        )
        self._trials: list[Any] = []
        self._place: list[list[int]] = []  # of each trial: fold, epochs of it, epochs in all
        self._hands: dict[int, int] = {}
        self._whole: list[int] = []
        self.decided: list[Decided] = []

    def next_job(self, worker: int) -> Job | None:
        """The next epoch of the worker's trial, else a new trial's first."""
        if worker not in self._hands:
            if len(self._trials) == self._budget:
                return None
            self._begin(worker)
        number = self._hands[worker]
        fold, epochs, _ = self._place[number]
        last = self._world.epochs_to_run(self._row(number), fold, range(fold))
        seconds = self._world.seconds(self._row(number), fold, epochs, epochs + 1)
        return Job(number, fold, seconds, finishes=epochs + 1 == last)

    def ended(self, worker: int, job: Job) -> None:
        """Reports the mean so far, and does as ASHA decides."""
        place, row, beside = self._place[job.trial], self._row(job.trial), self.answer()
        place[1] += 1
        place[2] += 1
        result = {"accuracy": self._so_far(row, *place[:2]), "epoch": place[2]}
        trial = self._trials[job.trial]
        stopped = self._asha.on_trial_result(trial, result) == "STOP"
        if job.finishes:
            place[:2] = [job.fold + 1, 0]
        whole = job.finishes and job.fold + 1 == self._world.folds
        if whole and not stopped:
            self._asha.on_trial_complete(trial, result)
        if whole:
            self._whole.append(row)
        if whole or stopped:
            self.decided.append(Decided(row, not whole, beside))
            del self._hands[worker]

    def answer(self) -> int | None:
        """The best row with all folds."""
        return max(self._whole, key=lambda row: (self._world.means[row], -row), default=None)

    def _begin(self, worker: int) -> None:
        from syne_tune.backend.trial_status import Trial

        config = self._asha.suggest().config
        trial = Trial(len(self._trials), config, datetime.datetime.now(tz=datetime.UTC))
        self._asha.on_trial_add(trial)
        self._hands[worker] = len(self._trials)
        self._trials.append(trial)
        self._place.append([0, 0, 0])

    def _row(self, number: int) -> int:
        return int(self._trials[number].config["row"])

    def _so_far(self, row: int, fold: int, epochs: int) -> float:
        """The mean of the finished folds' accuracies, each at its own best epoch, and this one's by now."""
        now = float(self._world.table.accuracy[row, fold, epochs - 1])
        return float(np.mean([*(self._world.alone(row, one) for one in range(fold)), now]))
