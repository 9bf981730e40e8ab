"""The corrected accuracy of a blend: picked on some rows, scored on the others, again and again.

A blend is chosen by out-of-fold predictions, so its own score on these is too good. In each turn everything is chosen
anew: the best trial, and what complements it (`hpo.evaluation.selection_bias` says how rows are dealt).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.blending import average, pick, true_class
from hpo.evaluation.calls import called_resistant
from hpo.evaluation.intervals import Interval, group_sums
from hpo.evaluation.selection_bias import Answer, CorrectedAccuracy, corrected

#: Turns are many; each picks a blend, which takes the longer the more rows there are, whose scores vary less.
_MOST, _FEWEST, _ROWS = 100, 20, 500_000


@dataclass(frozen=True, eq=False)
class Blend:
    """Trials and what was picked of them.

    Attributes:
        probabilities: [N, C], P(resistant) out of fold.
        labels: [N].
        picks: [C], how often each trial was picked.
        kinds: [C], as `pick` takes them.
    """

    probabilities: NDArray[np.floating]
    labels: NDArray[np.bool_]
    picks: NDArray[np.int64]
    kinds: NDArray[np.int64]

    def average(self) -> NDArray[np.float64]:
        """Returns [N] the average of the picks."""
        return average(self.probabilities, self.picks)

    def right(self) -> NDArray[np.bool_]:
        """Returns [N] whether the average of the picks is right, on the rows by which they were picked."""
        return np.asarray(called_resistant(self.average()) == self.labels)


#: Gives the rows' points to probabilities: (labels [n], probabilities [n], numbers of the rows [n]) -> [n].
Points = Callable[[NDArray[np.bool_], NDArray[np.floating], NDArray[np.intp]], NDArray[np.float64]]


def correct_blend(
    blend: Blend,
    groups: NDArray[np.int64],
    *,
    chosen_by: NDArray[np.float64] | None = None,
    points: Points | None = None,
    naive_mean: float | None = None,
    bounds: Interval | None = None,
    replicates: int = 0,
    seed: int = 0,
) -> CorrectedAccuracy:
    """Estimates what accuracy a blend has on new rows, or what score by another objective.

    Args:
        blend: Of all rows.
        groups: As for `correct_selection_bias`, like all that follows.
        chosen_by: [N, C], the points by which the best trial is chosen; by default the rows that it is right for.
        points: Of another objective; by default the rows that are right.
        naive_mean: Of the blend.
        bounds: Likewise.
        replicates: By default 20 to 100, fewer where there are many rows.
        seed: Likewise.
    """
    given = true_class(blend.probabilities, blend.labels)
    alone = called_resistant(blend.probabilities) == blend.labels[:, None] if chosen_by is None else chosen_by
    give = points or (lambda labels, probabilities, rows: (called_resistant(probabilities) == labels).astype(float))
    number_of = np.unique(groups, return_inverse=True)[1]
    picks = int(blend.picks.sum())

    def right_in(rows: NDArray[np.bool_]) -> float:
        best = int(alone[~rows].sum(axis=0).argmax())
        picked = pick(given[:, ~rows], best, blend.kinds, picks)
        return float(give(blend.labels[rows], average(blend.probabilities[rows], picked), np.flatnonzero(rows)).sum())

    def scored(scoring: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array([right_in(part[number_of] > 0) for part in scoring], dtype=np.float32)

    everyone = np.arange(len(blend.labels))
    right = blend.right() if points is None else points(blend.labels, blend.average(), everyone)
    return corrected(
        Answer(right, group_sums(right, groups).astype(np.float32), scored),
        groups,
        configurations=len(blend.picks),
        naive_mean=naive_mean,
        bounds=bounds,
        replicates=replicates or min(_MOST, max(_FEWEST, _ROWS // len(right))),
        seed=seed,
    )
