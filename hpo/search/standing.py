"""How a trial stands: what its finished folds and the folds at work have told so far. Plain values, of any source.

Shapes: K folds, E epochs at most.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

#: A trial with a smaller chance to lead, and less to gain by it (an accuracy), is parked. Measured: docs/search.md.
PARK, PARK_GAIN = 0.05, 0.00005


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One trial.

    Nothing is read of `expected` and `curves` beyond what is finished and under way, whatever stands there.
    """

    #: As people know it.
    number: int
    #: k: folds 0 to k - 1 are finished; what later ones have told counts when those before it are finished.
    finished: int = 0
    #: [K, K] row k - 1: what `hpo.search.expected` makes of folds 0 to k - 1.
    expected: NDArray[np.float64]
    #: [K, E] accuracy of each fold after each epoch, no number after its last.
    curves: NDArray[np.float64]
    #: [K] accuracies of all folds at the epoch that they share; None while one is missing.
    final: NDArray[np.float64] | None = None
    #: Epochs that folds have run which are begun and not finished, whether anybody has them in hand or not.
    under_way: Mapping[int, int] = field(default_factory=dict)
    #: Folds that workers have in hand.
    at_work: Collection[int] = ()
    #: Whether it has failed for good: its configuration cannot be trained.
    failed: bool = False
    #: Whether it was ended before its last fold: what it has told counts, but it leads nobody.
    given_up: bool = False

    @property
    def folds(self) -> int:
        """K."""
        return len(self.expected)

    @property
    def complete(self) -> bool:
        """Whether all folds are finished."""
        return self.finished == self.folds

    @property
    def next_fold(self) -> int | None:
        """The first fold that nobody has finished or in hand; None where there is none."""
        free = (fold for fold in range(self.finished, self.folds) if fold not in self.at_work)
        return None if self.failed or self.given_up else next(free, None)

    @property
    def mean(self) -> float | None:
        """Mean accuracy of all folds; None while one is missing."""
        return None if self.final is None else float(self.final.sum()) / self.folds

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """[K] of the first fold, of the first two, and so on; no numbers beyond the finished ones."""
        return np.array(
            [
                self.expected[count - 1, :count].sum() / count if count <= self.finished else np.nan
                for count in range(1, self.folds + 1)
            ]
        )

    @property
    def so_far(self) -> NDArray[np.float64]:
        """[k] accuracies to expect of the finished folds."""
        return self.expected[self.finished - 1, : self.finished] if self.finished else np.empty(0)
