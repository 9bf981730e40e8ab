"""Who proposes: samplers that choose among the rows of a table.

A proposal between the rows would have to be snapped to one of them, and 250 rows are so far apart in eleven dimensions
that every sampler becomes a random one. So TPE is asked the other way round: its candidates are rows. Optuna draws 24
candidates from the density of the good trials, l, and takes the one with the largest l / g; here 24 rows that were not
tried are drawn with weights l (rows are themselves draws from the uniform density), and the one with the largest l / g
is taken. Densities are Optuna's own, multivariate as in a study, with the one function of theirs that takes almost all
of the time replaced by SciPy's. The limit: a row is tried once, so the best region can be used up.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from optuna.samplers import TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
from scipy.special import ndtr

from searching.tables import Table

#: As Optuna's TPE has them.
CANDIDATES, STARTUP = 24, 10


def _log_gauss_mass(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of a standard normal's mass between two places, taken in its lower half."""
    turned = low > 0
    mass = ndtr(np.where(turned, -low, high)) - ndtr(np.where(turned, -high, low))
    return np.asarray(np.log(np.maximum(mass, 1e-300)))


_truncnorm._log_gauss_mass = _log_gauss_mass


class Proposer(Protocol):
    """Chooses the next configuration."""

    def __call__(
        self, complete: Sequence[tuple[int, float]], pruned: Sequence[tuple[int, int, float]], tried: Sequence[int]
    ) -> int:
        """A row that was not tried.

        Args:
            complete: Row and mean of each complete trial.
            pruned: Row, folds and mean of each pruned one.
            tried: All rows that were begun.
        """


class FromPool:
    """Random rows, each once, in the order of a seed; the first may be given."""

    def __init__(self, rows: int, seed: int, first: Sequence[int] = ()) -> None:
        self.random = np.random.default_rng(seed)
        rest = self.random.permutation(np.setdiff1d(np.arange(rows), first))
        self._order = [*first, *rest.tolist()]

    def __call__(
        self, complete: Sequence[tuple[int, float]], pruned: Sequence[tuple[int, int, float]], tried: Sequence[int]
    ) -> int:
        """The next of the order."""
        begun = set(tried)
        return next(row for row in self._order if row not in begun)


class TpeFromPool(FromPool):
    """TPE over rows, see above; after so many random ones, or what comes first in their place."""

    def __init__(self, table: Table, seed: int, first: Sequence[int] = (), startup: int = STARTUP) -> None:
        super().__init__(len(table.configs), seed, first)
        self._startup = startup
        self._space = table.space.distributions
        self._options = TPESampler()._parzen_estimator_parameters
        self._values = {
            name: np.array([entry.to_internal_repr(config[name]) for config in table.configs])
            for name, entry in self._space.items()
        }

    def __call__(
        self, complete: Sequence[tuple[int, float]], pruned: Sequence[tuple[int, int, float]], tried: Sequence[int]
    ) -> int:
        """The most promising of a few rows; random ones at first."""
        if len(complete) + len(pruned) < self._startup:
            return super().__call__(complete, pruned, tried)
        ranked = [row for row, _ in sorted(complete, key=lambda one: -one[1])]
        ranked += [row for row, _, _ in sorted(pruned, key=lambda one: (-one[1], -one[2]))]
        good = ranked[: min(math.ceil(0.1 * len(tried)), 25)]
        # Trials at work repel, as with `constant_liar`.
        bad = [row for row in tried if row not in good]
        left = np.setdiff1d(np.arange(len(self._order)), tried)
        better = self._log_density(good, left)
        weights = np.exp(better - better.max())
        drawn = self.random.choice(len(left), CANDIDATES, p=weights / weights.sum())
        return int(left[drawn[np.argmax(better[drawn] - self._log_density(bad, left[drawn]))]])

    def _log_density(self, rows: Sequence[int], at: NDArray[np.int64]) -> NDArray[np.float64]:
        """[len(at)] of Optuna's estimator on some rows, at others."""
        observed = {name: values[list(rows)] for name, values in self._values.items()}
        estimator = _ParzenEstimator(observed, self._space, self._options)
        return np.asarray(estimator.log_pdf({name: values[at] for name, values in self._values.items()}))
