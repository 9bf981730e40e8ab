"""A table as searches meet it: what each configuration's folds tell when so many are finished, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hpo.search.expected import expected_accuracies
from model.epochs import Curves, choose_epoch
from searching.tables import Table


@dataclass(frozen=True, eq=False)
class World:
    """The table with what follows from it. C configurations, K folds, E epochs at most."""

    table: Table
    #: Rows that a portfolio made from other tables would try, in order.
    portfolio: Sequence[int] = ()

    @property
    def size(self) -> int:
        """C."""
        return len(self.table.configs)

    @property
    def folds(self) -> int:
        """K."""
        return self.table.accuracy.shape[1]

    @property
    def rows(self) -> int:
        """N validated in a fold, about."""
        return len(self.table.fold_of) // self.folds

    @cached_property
    def epochs(self) -> NDArray[np.int64]:
        """[C, K] that each fold runs where no other cuts it short."""
        return np.asarray(np.isfinite(self.table.loss).sum(axis=2))

    @cached_property
    def told(self) -> NDArray[np.float64]:
        """[C, K, K] row k - 1: accuracies of the first k folds at the epoch that is best for these k."""
        told = np.full((self.size, self.folds, self.folds), np.nan)
        for row in range(self.size):
            curves = [Curves(validation_loss=self._losses(row, fold)) for fold in range(self.folds)]
            for count in range(1, self.folds + 1):
                epoch = choose_epoch(curves[:count])
                told[row, count - 1, :count] = self.table.accuracy[row, :count, epoch - 1]
        return told

    @cached_property
    def expected(self) -> NDArray[np.float64]:
        """[C, K, K] row k - 1: what a search may expect of the first k folds."""
        expected = np.full((self.size, self.folds, self.folds), np.nan)
        for row, count in product(range(self.size), range(1, self.folds + 1)):
            accuracy, loss = self.table.accuracy[row, :count], self.table.loss[row, :count]
            expected[row, count - 1, :count] = expected_accuracies(loss, accuracy)
        return expected

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """[C] of all folds: what a study calls the CV accuracy."""
        return np.asarray(self.told[:, -1].mean(axis=1))

    @cached_property
    def noise(self) -> float:
        """Of a mean of all folds: what is left when configuration and fold are taken out."""
        residuals = self.told[:, -1] - self.means[:, None] - self.told[:, -1].mean(axis=0) + self.means.mean()
        return float(np.sqrt((residuals**2).sum() / (self.size - 1) / (self.folds - 1) / self.folds))

    @cached_property
    def costs(self) -> NDArray[np.float64]:
        """[C] seconds of all folds, each cut short by those before it."""
        whole = range(self.folds)
        return np.array(
            [sum(self.seconds(row, fold, 0, self.epochs_to_run(row, fold, range(fold))) for fold in whole)
             for row in range(self.size)]
        )  # fmt: skip

    @cached_property
    def discordance(self) -> NDArray[np.float64]:
        """[K, C, C] row k - 1: share of the rows of the first k folds on which one is right and the other wrong."""
        shares = np.empty((self.folds, self.size, self.size))
        for count in range(1, self.folds + 1):
            right = self.table.right[:, self.table.fold_of < count].astype(np.float64)
            only_one = right @ (1 - right).T
            shares[count - 1] = (only_one + only_one.T) / right.shape[1]
        return shares

    def epochs_to_run(self, row: int, fold: int, finished: Sequence[int]) -> int:
        """Epochs of a fold: none counts that a fold finished before did not reach."""
        return int(min(self.epochs[row, [fold, *finished]]))

    def alone(self, row: int, fold: int) -> float:
        """A fold's accuracy at the epoch of its lowest loss: what is known of it where it is looked at by itself."""
        return float(self.table.accuracy[row, fold, int(np.nanargmin(self.table.loss[row, fold]))])

    def seconds(self, row: int, fold: int, first: int, last: int) -> float:
        """What epochs `first` (from 0) to before `last` cost."""
        return float(self.table.seconds[row, fold, first:last].sum())

    def _losses(self, row: int, fold: int) -> list[float]:
        return list(self.table.loss[row, fold, : self.epochs[row, fold]])
