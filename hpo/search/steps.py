"""What a study's trials say of how means go on: the regressions from k folds to k + 1, fitted with a stated prior.

**The prior** of a step is what `hpo.search.chance` derives with r = LUCK_AND_LEVEL, worth SLOPE_TRIALS trials, and a
spread s that needs no history. Of N rows validated in a fold, let two trials differ (one right, one wrong) on a share
u. Were rows drawn independently, the difference of their accuracies would vary by u / N, from the first pair on; half
of it is s^2 of one trial. Copies of a sequence, and luck in training, lift it; so the variance that a step is fitted
with is the pooled one of its trials' errors, the prior counting as VARIANCE_TRIALS.

Nothing is assumed of a step's height: what a fold does to all trials alike, and by how much few folds flatter the trial
that has chosen its epoch by them, is in it. With one trial that has taken the step, the next one is compared with that
one, fold by fold; with none, the height is where the step begins, for trial and leader alike.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.search.chance import Step
from hpo.search.standing import Standing

#: r, before anything is known: levels differ by as much as luck does.
LUCK_AND_LEVEL = 0.5
#: Trials that the prior counts for: of a slope, of a variance. Of the latter few, for it may be a fifth of what comes
#: true: where one fold finds what the next does not, folds differ by more than their rows explain
#: (docs/search-on-other-tables.md).
SLOPE_TRIALS, VARIANCE_TRIALS = 5, 3
#: Standard deviation of what counts about what all folds let expect.
LAST_SPREAD = 0.002


def fit_steps(trials: Sequence[Standing], spread: float) -> list[Step]:
    """[K] the steps of trials with K folds.

    Args:
        trials: With a finished fold each.
        spread: s^2, of one fold of one trial, of the prior.
    """
    folds = trials[0].folds
    # [T, K + 1] means of the first folds, then the final one; no number where it is not there yet.
    means = np.array([[*one.means, np.nan if one.mean is None else one.mean] for one in trials])
    begin = float(means[:, 0].mean())
    steps: list[Step] = []
    for count in range(1, folds + 1):
        prior = _prior(count, spread) if count < folds else (1.0, LAST_SPREAD**2, spread / folds)
        steps.append(_step(means, count, steps[-1].height if steps else begin, *prior))
    return steps


def _prior(count: int, spread: float) -> tuple[float, float, float]:
    """Slope, variance, and what the means before the step vary by."""
    noise = spread / count
    # With r = 1/2 levels vary as the noise of k folds does.
    level = noise * LUCK_AND_LEVEL / (1 - LUCK_AND_LEVEL)
    variance = (spread + (1 - LUCK_AND_LEVEL) * level) / (count + 1) ** 2
    return (count + LUCK_AND_LEVEL) / (count + 1), variance, noise + level


def _step(means: NDArray[np.float64], count: int, begin: float, slope: float, variance: float, scatter: float) -> Step:
    """Fits one step; a ridge regression towards the prior's slope."""
    before, after = means[:, count - 1], means[:, count]
    there = np.isfinite(before) & np.isfinite(after)
    before, after = before[there], after[there]
    number = len(before)
    if not number:
        # Where the step before has led; by how much that may be wrong is nobody's advantage.
        return Step(middle=begin, height=begin, slope=slope, variance=variance)
    middle, height = float(before.mean()), float(after.mean())
    away = before - middle
    weight = SLOPE_TRIALS * scatter + float(away @ away)
    fitted = (SLOPE_TRIALS * scatter * slope + float(away @ (after - height))) / weight
    fitted = float(np.clip(fitted, 0.0, 1.0))
    errors = after - height - fitted * away
    pooled = (VARIANCE_TRIALS * variance + float(errors @ errors)) / (VARIANCE_TRIALS + max(number - 1, 0))
    return Step(
        middle=middle,
        height=height,
        slope=fitted,
        variance=pooled,
        of_height=pooled / number,
        of_slope=pooled / weight,
    )
