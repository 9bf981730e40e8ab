"""How much too good the best of many cross-validation scores is, by a bootstrap over stored predictions.

No network is trained again: every configuration's out-of-fold predictions are enough.

Source:
    Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient
    and accurate cross-validation" (BBC-CV), with two changes. The correction is measured against the
    winner's own out-of-bag score in the same replicate (a control variate: the same expectation, less noise,
    exactly 0 for one configuration). And as the out-of-bag part holds only a share q of the rows, its scores
    vary (1 - q) / q times as much as those of the whole sample: the variance is scaled back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.intervals import Interval, group_sums, grouped_variance, wilson_from_variance

REPLICATES = 1000
_CHUNK_CELLS = 4_000_000  # counts held at a time: replicates x groups


@dataclass(frozen=True)
class CorrectedAccuracy:
    """Cross-validation accuracy of the winner, before and after the correction."""

    naive_mean: float
    naive_interval: Interval
    correction: float  #: 0 or negative, up to bootstrap noise
    corrected_mean: float
    interval: Interval  #: of the corrected mean
    replicates: int
    configurations: int


@dataclass(frozen=True, eq=False)
class _Replicates:
    selected: NDArray[np.float64]  #: [B] out-of-bag accuracy of the configuration that was best in the bag
    winner: NDArray[np.float64]  #: [B] out-of-bag accuracy of the study's winner
    share: float  #: mean share of the rows that was out of the bag


def correct_selection_bias(
    correct: NDArray[np.bool_],
    winner: int,
    groups: NDArray[np.int64] | None = None,
    *,
    naive_mean: float | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> CorrectedAccuracy:
    """Estimate what accuracy the winner of a search has on new rows.

    Args:
        correct: [N, C], whether the out-of-fold prediction of configuration c was right for row n.
        winner: Column of the configuration that the study chose.
        groups: [N], rows that are sampled together share an id; none means that every row stands alone.
        naive_mean: The winner's score as the study counts it (the mean over folds); by default over rows.
        replicates: Bootstrap replicates.
        seed: Of the bootstrap; the same seed gives the same numbers.

    Returns:
        Naive and corrected mean, each with its interval.

    Raises:
        ValueError: If there is no row or the winner is not a column.
    """
    rows, configurations = correct.shape
    if rows == 0 or not 0 <= winner < configurations:
        raise ValueError(f"Got {rows} rows and column {winner} of {configurations} as the winner.")
    groups = np.arange(rows) if groups is None else groups
    naive = float(correct[:, winner].mean()) if naive_mean is None else naive_mean
    totals, sizes = group_sums(correct, groups), group_sums(np.ones(rows), groups)
    drawn = _bootstrap(totals.astype(np.float32), sizes.astype(np.float32), winner, replicates, seed)
    correction = float((drawn.selected - drawn.winner).mean()) if len(drawn.selected) else 0.0
    corrected = min(1.0, max(0.0, naive + correction))
    naive_variance = float(grouped_variance(correct[:, winner], groups))
    return CorrectedAccuracy(
        naive_mean=naive,
        naive_interval=wilson_from_variance(naive, naive_variance, rows, len(sizes)),
        correction=correction,
        corrected_mean=corrected,
        interval=wilson_from_variance(corrected, _variance(drawn), rows, len(sizes)),
        replicates=len(drawn.selected),
        configurations=configurations,
    )


def _variance(drawn: _Replicates) -> float:
    if len(drawn.selected) < 2:
        return 0.0
    return float(drawn.selected.var(ddof=1)) * drawn.share / (1 - drawn.share)


def _bootstrap(
    totals: NDArray[np.float32], sizes: NDArray[np.float32], winner: int, replicates: int, seed: int
) -> _Replicates:
    """Draw groups with replacement; `totals` [G, C] right rows, `sizes` [G] rows of each group."""
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_CELLS // len(sizes))
    parts = [
        _scores(_draw(generator, min(chunk, replicates - start), len(sizes)), totals, sizes, winner)
        for start in range(0, replicates, chunk)
    ]
    selected, of_winner, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    usable = share > 0  # with very few groups a replicate may leave no row out of the bag
    mean_share = float(share[usable].mean()) if usable.any() else 0.0
    return _Replicates(selected[usable], of_winner[usable], mean_share)


def _draw(generator: np.random.Generator, replicates: int, groups: int) -> NDArray[np.float32]:
    """Count how often each group is drawn: [B, G]."""
    picks = generator.integers(0, groups, size=(replicates, groups))
    offsets = np.arange(replicates)[:, None] * groups
    counts = np.bincount((picks + offsets).ravel(), minlength=replicates * groups)
    return counts.reshape(replicates, groups).astype(np.float32)


def _scores(
    counts: NDArray[np.float32], totals: NDArray[np.float32], sizes: NDArray[np.float32], winner: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    best = (counts @ totals).argmax(axis=1)  # ties go to the earliest trial, as in the study itself
    outside = (counts == 0).astype(np.float32)
    rows = (outside @ sizes).astype(np.float64)
    right = (outside @ totals).astype(np.float64) / np.maximum(rows, 1)[:, None]
    return right[np.arange(len(best)), best], right[:, winner], rows / float(sizes.sum())
