"""SMAC3 on a table, with folds as instances: set up as its documentation teaches it, deciding by itself.

Two things are as for every other search here. Proposals are rows of the table: SMAC's forest ranks those that were not
tried by its own expected improvement, in place of points between them. And an answer counts once it has all folds.
Each of several workers asks, as SMAC's own runner does for its own. The budget is of configurations, which SMAC does
not know: one beyond it is told to be as bad as can be, so that SMAC goes on with those that it has.

SMAC3 is not installed with hpo: `pip install smac`.
"""

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from searching.clock import Decided, Job
from searching.world import World

#: Configurations beyond the budget that a worker is offered before it waits.
BEYOND = 4


class Smac:
    """SMAC3's facade for algorithm configuration: a challenger meets the incumbent fold by fold, until it loses.

    Args:
        world: The table.
        budget: Configurations.
        seed: Of folds' order, forest and random proposals.
    """

    def __init__(self, world: World, budget: int, seed: int) -> None:
        from smac import AlgorithmConfigurationFacade, Scenario

        space, rows = _rows_as_space(world, seed)
        self._world, self._budget = world, budget
        self._numbers = {config: number for number, config in enumerate(rows)}
        self._asked: dict[int, Any] = {}
        self._ended = False
        self._order: list[int] = []
        self._finished: dict[int, set[int]] = {}
        self.decided: list[Decided] = []
        with tempfile.TemporaryDirectory() as folder:
            scenario = Scenario(
                space,
                name="table",
                output_directory=folder,
                deterministic=True,
                n_trials=budget * world.folds,
                instances=[str(fold) for fold in range(world.folds)],
                instance_features={str(fold): [float(fold)] for fold in range(world.folds)},
                seed=seed,
            )
            self._smac = AlgorithmConfigurationFacade(
                scenario,
                lambda config, instance, seed=0: 0.0,
                acquisition_maximizer=_rows_by_acquisition(space, rows, seed),
                logging_level=50,
                overwrite=True,
            )

    def next_job(self, worker: int) -> Job | None:
        """The fold that SMAC asks for."""
        for _ in range(BEYOND):
            asked = self._ask()
            if asked is None:
                return None
            row, fold = self._numbers[asked.config], int(asked.instance)
            if row in self._finished or len(self._finished) < self._budget:
                return self._begin(worker, asked, row, fold)
            self._tell(asked, 1.0)
        return None

    def ended(self, worker: int, job: Job) -> None:
        """Tells SMAC the fold's error."""
        row = self._order[job.trial]
        self._finished[row].add(job.fold)
        self._tell(self._asked.pop(worker), 1 - self._world.alone(row, job.fold))

    def _ask(self) -> Any:
        """What SMAC wants to be run; None where it has come to its end."""
        if not self._ended:
            try:
                return self._smac.ask()
            except StopIteration:
                self._ended = True
        return None

    def _begin(self, worker: int, asked: Any, row: int, fold: int) -> Job:
        if row not in self._finished:
            self._order.append(row)
            self._finished[row] = set()
        self._asked[worker] = asked
        last = self._world.epochs_to_run(row, fold, sorted(self._finished[row]))
        return Job(self._order.index(row), fold, self._world.seconds(row, fold, 0, last))

    def _tell(self, asked: Any, cost: float) -> None:
        from smac.runhistory import TrialValue

        self._smac.tell(asked, TrialValue(cost=cost), save=False)

    def answer(self) -> int | None:
        """The best row with all folds."""
        whole = [row for row in self._order if len(self._finished[row]) == self._world.folds]
        return max(whole, key=lambda row: (self._world.means[row], -row), default=None)


def _rows_as_space(world: World, seed: int) -> tuple[Any, Sequence[Any]]:
    """A space of ConfigSpace whose random configurations are rows, and begins where the table does; and all rows."""
    from ConfigSpace import (
        CategoricalHyperparameter,
        Configuration,
        ConfigurationSpace,
        UniformFloatHyperparameter,
        UniformIntegerHyperparameter,
    )

    def parameter(name: str, entry: BaseDistribution) -> Any:
        if isinstance(entry, CategoricalDistribution):
            return CategoricalHyperparameter(name, list(entry.choices))
        kind = UniformIntegerHyperparameter if isinstance(entry, IntDistribution) else UniformFloatHyperparameter
        return kind(name, lower=entry.low, upper=entry.high, log=entry.log)

    class Rows(ConfigurationSpace):
        """Draws rows in place of points between them."""

        def sample_configuration(self, size: int | None = None) -> Any:
            drawn = [rows[draw] for draw in random.integers(len(rows), size=size or 1)]
            return drawn if size else drawn[0]

        def get_default_configuration(self) -> Any:
            return rows[0]

    random = np.random.default_rng(seed)
    space = Rows(seed=seed)
    searched = {name: entry for name, entry in world.table.space.distributions.items() if not entry.single()}
    space.add([parameter(name, entry) for name, entry in searched.items()])
    rows = [Configuration(space, {name: config[name] for name in searched}) for config in world.table.configs]
    return space, rows


def _rows_by_acquisition(space: Any, rows: Sequence[Any], seed: int) -> Any:
    """What SMAC maximizes its acquisition function with: it looks at all rows that were not tried."""
    from smac.acquisition.maximizer import AbstractAcquisitionMaximizer

    class ByRow(AbstractAcquisitionMaximizer):
        """As above."""

        def _maximize(self, previous_configs: list[Any], n_points: int) -> list[tuple[float, Any]]:
            tried = set(previous_configs)
            return self._sort_by_acquisition_value([row for row in rows if row not in tried])

    return ByRow(space, seed=seed)
