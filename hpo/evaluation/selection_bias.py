"""How much too good the best of many cross-validation scores is, from stored predictions alone.

The groups of rows are dealt at random into five parts, again and again. Each time the best configuration is chosen
on three parts and scored on the other two, which had no say. What these scores lose against the study's best
configuration on the same rows is the correction (so it is exactly 0 for one configuration). No network is trained
again.

Where a simpler configuration is taken instead of the best, it gets the correction of the best. That is at the safe
side: being tied with the best owes less to luck than being the best.

The width of the interval is that of a single classifier's: from how much groups differ, all but the commonest, which
any sample would have. A quarter of what as many single rows as there are groups would vary comes on top: the networks
of the folds share training rows, and err together more than the rows alone tell. That another sample might have led to
another choice adds nothing that simulated studies would show: what would be chosen instead is about as good, or it
would have been told apart.

What is estimated is the accuracy, on new genes, of the networks that cross-validation trained: those of the chosen
configuration, on four fifths of the development rows (of five folds). The final model has seen all of them and may
be slightly better.

Source:
    The idea is that of Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample predictions
    for efficient and accurate cross-validation" (BBC-CV). They choose on bootstrap samples, which are as noisy as a
    sample of half the size: where configurations differ, that chooses worse than the study did and is pessimistic.
    The larger the share that chooses, the less so; but choosing and scoring rows also share luck, since the networks
    that predict one were trained on the other, and the more so the larger the share. Three fifths keep both errors
    small. That intervals from cross-validation are too narrow was shown by Bates, Hastie and Tibshirani 2023,
    "Cross-validation: what does it estimate and how well does it do it?". Figures are in
    docs/decisions/0009-selection-bias.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.intervals import Interval, group_sums, grouped_variance, score_interval

#: Parts, and how many of them score.
PARTS, SCORING = 5, 2
#: How much more the score of networks varies that share training rows, as a part of what it would vary with a single
#: row of each group; from simulated studies.
SHARED_TRAINING = 0.25
REPLICATES = 300


@dataclass(frozen=True)
class CorrectedAccuracy:
    """Cross-validation accuracy of the winner, or its score by another objective, before and after the correction."""

    naive_mean: float
    naive_interval: Interval
    correction: float  #: 0 or negative, up to noise
    corrected_mean: float
    interval: Interval  #: of the corrected mean
    replicates: int
    configurations: int


def correct_selection_bias(
    correct: NDArray[np.bool_] | NDArray[np.float64],
    winner: int,
    groups: NDArray[np.int64] | None = None,
    *,
    best: int | None = None,
    chosen_by: NDArray[np.float64] | None = None,
    naive_mean: float | None = None,
    bounds: Interval | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> CorrectedAccuracy:
    """Estimates what accuracy the winner of a search has on new rows.

    Args:
        correct: [N, C], whether the out-of-fold prediction of configuration c was right for row n; or the row's points
            by another objective (`hpo.evaluation.objective`), to correct the score by that.
        winner: Column of the configuration that the study chose.
        groups: [N], rows that are sampled together share an id; none means that every row stands alone.
        best: Column of the configuration with the highest score, where the winner is a simpler one; by default the
            winner. What choosing the best costs is measured against it, and taken off the winner's score.
        chosen_by: [N, C], the points by which the study chooses; by default what is scored.
        naive_mean: The winner's score as the study counts it (the mean over folds); by default over rows.
        bounds: What scores lie between that are no proportions.
        replicates: How often the rows are dealt into parts.
        seed: Of the dealing; the same seed gives the same numbers.

    Returns:
        Naive and corrected mean, each with its interval.

    Raises:
        ValueError: If there is no row, or the winner or the best is not a column.
    """
    rows, configurations = correct.shape
    best = winner if best is None else best
    if rows == 0 or not (0 <= winner < configurations and 0 <= best < configurations):
        raise ValueError(f"Got {rows} rows; of {configurations} columns {winner} as the winner, {best} as the best.")
    groups = np.arange(rows) if groups is None else groups
    totals = group_sums(correct, groups).astype(np.float32)
    choosing = totals if chosen_by is None else group_sums(chosen_by, groups).astype(np.float32)
    everywhere = choosing.sum(axis=0)

    def scored(scoring: NDArray[np.float32]) -> NDArray[np.float32]:
        # Ties go to the earliest trial, as in the study itself.
        chosen = (everywhere - scoring @ choosing).argmax(axis=1)
        return np.asarray((scoring @ totals)[np.arange(len(scoring)), chosen])

    return corrected(
        Answer(correct[:, winner], totals[:, best], scored),
        groups,
        configurations=configurations,
        naive_mean=naive_mean,
        bounds=bounds,
        replicates=replicates,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class Answer:
    """What a study answered, and what it would have answered from some of its rows.

    G groups of rows. Of another objective, the points of rows stand for the rows that are right.
    """

    correct: NDArray[np.bool_] | NDArray[np.float64]  #: [N], whether the answer was right, out of fold
    totals: NDArray[np.float32]  #: [G], right rows of what the study chose from all rows
    #: [V, G], 1 in groups that score -> [V], right rows there of what is chosen on the other groups.
    scored: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def corrected(
    answer: Answer,
    groups: NDArray[np.int64],
    *,
    configurations: int,
    naive_mean: float | None = None,
    bounds: Interval | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> CorrectedAccuracy:
    """Corrects the score of anything that was chosen by its rows: a trial, or several that are blended.

    Args:
        answer: What was chosen, and how.
        groups: As for `correct_selection_bias`, like all that follows.
        configurations: Among how many.
        naive_mean: Likewise.
        bounds: Likewise.
        replicates: Likewise.
        seed: Likewise.
    """
    rows = len(answer.correct)
    naive = float(answer.correct.mean()) if naive_mean is None else naive_mean
    sizes = group_sums(np.ones(rows), groups)
    # Parts must not be empty: with fewer groups nothing can be said.
    usable = replicates if len(sizes) >= PARTS else 0
    correction = _correction(answer, sizes, usable, seed)
    low, high = (0.0, 1.0) if bounds is None else (bounds.low, bounds.high)
    mean = min(high, max(low, naive + correction))
    measured = float(grouped_variance(answer.correct, groups, commonest_recurs=True))
    shared = SHARED_TRAINING * float(answer.correct.var()) / len(sizes)
    naive_variance, variance = measured, measured + shared if usable else 0.0
    if bounds is None:
        over_rows = float(answer.correct.mean())
        naive_variance, variance = _at(naive, over_rows, naive_variance), _at(mean, over_rows, variance)
    return CorrectedAccuracy(
        naive_mean=naive,
        naive_interval=score_interval(naive, naive_variance, rows, len(sizes), bounds),
        correction=correction,
        corrected_mean=mean,
        interval=score_interval(mean, variance, rows, len(sizes), bounds),
        replicates=usable,
        configurations=configurations,
    )


def _at(proportion: float, measured: float, variance: float) -> float:
    """Computes the variance of another proportion of as many rows, in the same groups, from that of a measured one."""
    spread = measured * (1 - measured)
    return variance * proportion * (1 - proportion) / spread if spread > 0 else 0.0


def _correction(answer: Answer, sizes: NDArray[np.float64], replicates: int, seed: int) -> float:
    """Deals groups into parts, again and again; each turn, some parts that follow one another score.

    Args:
        answer: What is scored.
        sizes: [G], rows of each group.
        replicates: How often; none correct nothing.
        seed: Of the dealing.

    Returns:
        The mean of chosen minus the study's best, over all rows that score.
    """
    if not replicates:
        return 0.0
    generator = np.random.default_rng(seed)
    sizes = sizes.astype(np.float32)
    corrections = np.empty(replicates)
    even, turns = np.arange(len(sizes)) % PARTS, np.arange(PARTS)
    for replicate in range(replicates):
        dealt = generator.permutation(even)
        inside = ((dealt - turns[:, None]) % PARTS < SCORING).astype(np.float32)  # [V, G]
        corrections[replicate] = (answer.scored(inside).sum() - (inside @ answer.totals).sum()) / (inside @ sizes).sum()
    return float(corrections.mean())
