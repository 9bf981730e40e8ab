"""The one statistic of the search: P, the chance that a trial's K-fold mean ends above the leader's; and by how much.

A trial goes from the mean of one fold to that of two, and on to that of all K, which is what counts. Each step is a
regression of the next mean on the last one:

    y_(k+1) = intercept_k + slope_k y_k + error_k,        error_k ~ N(0, variance_k)

so that the final mean of a trial that has y_k is normal, with a mean and a variance that are carried from step to step:
m <- intercept + slope m, v <- slope^2 v + variance. A leader that is unfinished is carried on too. P is the chance that
the difference is above 0, by Student's t with the degrees of freedom that the variances are known by.

**What a step holds.** Let a trial have a level of its own, N(mu, t^2), let a fold do something to all trials alike,
and let each fold's accuracy have a noise of variance s^2 besides. Then y_(k+1) = (k y_k + d) / (k + 1), the next fold's
d is expected at mu + r (y_k - mu) with r = t^2 / (t^2 + s^2/k), and so

    slope_k = (k + r) / (k + 1),       variance_k = (s^2 + (1 - r) t^2) / (k + 1)^2.

Where levels differ much (r = 1), (1 - r) t^2 is s^2/k and the variances add up to s^2 (1/k - 1/K): the spread that is
left falls to nothing as folds are finished, where s^2 / k would leave a complete trial uncertain. Where levels hardly
differ (r = 0) a good first fold was luck, and the mean goes back to that of all. Which of the two it is, is fitted
(`hpo.search.steps`).

**A fold under way** tells what its accuracy promises, g, with an error of its own: g = d + N(0, q^2). A step expects d
at D = (k + 1) m - k y_k with the variance S^2 = (k + 1)^2 v; with g that is D + w (g - D) and S^2 (1 - w), where
w = S^2 / (S^2 + q^2). So an epoch counts for nothing where curves say nothing yet, and at the end of the fold as the
fold.

**What is to be gained** is the mean of the difference where it is above 0, and 0 elsewhere (the expected improvement of
Mockus 1978). Of Student's t with n degrees of freedom, density f, distribution F and scale s, and z = difference / s,
that is s ((n + z^2) / (n - 1) f(z) + z F(z)). The part of the variance that comes of slopes is left out of s: of a
trial that is far from all others a line says little, and little known is no gain.

What P assumes: that trials of the same y_k go on alike, whatever their configuration; normal errors; trials whose
errors are independent of the leader's. Whether the stated chances come true is measured, not believed: docs/search.md.

Sources: Zheng and Bilenko 2013 (paired comparison of folds); Little and Rubin, Statistical Analysis with Missing Data,
chapter 7: where trials are given up for what was seen of them, the regressions of each step on the trials that took it
are not biased by that, while the mean differences of those that went all the way are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

#: Degrees of freedom beyond which the distribution is normal; infinity is no number that the functions take.
_NORMAL = 1e6


@dataclass(frozen=True, kw_only=True)
class Step:
    """From the mean of k folds to that of k + 1; the last one is from what K folds let expect to what counts.

    Attributes:
        middle: Where the regression is known best: mean of y_k over the trials that it was fitted to.
        height: y_(k+1) to expect there.
        slope: 0 to 1.
        variance: Of the error.
        of_height: Variance of `height`.
        of_slope: Variance of `slope`.
    """

    middle: float
    height: float
    slope: float
    variance: float
    of_height: float = 0.0
    of_slope: float = 0.0

    def take(self, before: "Outlook") -> "Outlook":
        """What is to be expected after the step."""
        away = before.mean - self.middle
        error, line = self.of_height + self.variance, self.of_slope * away**2
        return Outlook(
            mean=self.height + self.slope * away,
            variance=self.slope**2 * before.variance + line + error,
            by_slope=self.slope**2 * before.by_slope + line,
        )


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a mean of folds is expected to be.

    Attributes:
        mean: No number where a training broke.
        variance: 0 where it is known.
        by_slope: The part of it that comes of slopes which are not known.
    """

    mean: float
    variance: float = 0.0
    by_slope: float = 0.0


@dataclass(frozen=True, kw_only=True)
class UnderWay:
    """What a fold that is not finished promises.

    Attributes:
        promised: g, the accuracy that it is on the way to; no number where its training broke.
        blur: q^2, the mean square of what is promised so minus what it becomes; infinite where that is not known.
    """

    promised: float
    blur: float


def outlook(
    mean: float, folds: int, steps: Sequence[Step], under_way: UnderWay | None = None, variance: float = 0.0
) -> Outlook:
    """Carries a trial to its end.

    Args:
        mean: y_k of its finished folds.
        folds: k, from 1 to K; K + 1 for a mean that is final.
        steps: [K] from one fold to two, and so on; the last from K folds to the final mean.
        under_way: What is known of fold k + 1, where `mean` is certain.
        variance: Of `mean`, where that is only expected.
    """
    at = Outlook(mean=mean, variance=variance)
    for count, step in enumerate(steps[folds - 1 :], start=folds):
        after = step.take(at)
        if count == folds and under_way is not None:
            after = _with_promise(after, mean, folds, under_way)
        at = after
    return at


def chance_of_leading(trial: Outlook, leader: Outlook, freedom: float) -> float:
    """P, as this file derives it.

    Args:
        trial: To what end it goes.
        leader: Likewise.
        freedom: Degrees of freedom that the variances are known by; infinite for those of a normal distribution.

    Returns:
        0 to 1. Where both ends are known: 1 above the leader, 0 below, 0.5 for the same mean. A trial whose training
        broke has no chance.
    """
    ahead = trial.mean - leader.mean
    if np.isnan(ahead):
        return 0.0
    variance = trial.variance + leader.variance
    if variance <= 0:
        return float(np.heaviside(ahead, 0.5))
    return float(stdtr(min(freedom, _NORMAL), ahead / np.sqrt(variance)))


def gain_by_leading(trial: Outlook, leader: Outlook, freedom: float) -> float:
    """What is to be gained, as this file derives it.

    Args:
        trial: To what end it goes.
        leader: Likewise.
        freedom: Above 1, as of `chance_of_leading`.

    Returns:
        An accuracy. Where both ends are known, what the trial is ahead by, 0 where it is not. A trial whose training
        broke gains nothing.
    """
    ahead = trial.mean - leader.mean
    if np.isnan(ahead):
        return 0.0
    scale = math.sqrt(max(0.0, trial.variance - trial.by_slope + leader.variance - leader.by_slope))
    if scale == 0:
        return max(0.0, ahead)
    degrees, z = min(freedom, _NORMAL), ahead / scale
    logarithm = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    density = math.exp(logarithm - (degrees + 1) / 2 * math.log1p(z * z / degrees))
    gain = scale * ((degrees + z * z) / (degrees - 1) * density + z * float(stdtr(degrees, z)))
    # Far below the leader the two terms are equal but for their last digits.
    return max(0.0, gain)


def _with_promise(after: Outlook, mean: float, folds: int, under_way: UnderWay) -> Outlook:
    """What is to be expected after a step whose fold has shown something."""
    if np.isnan(under_way.promised):
        return replace(after, mean=np.nan)
    if np.isinf(under_way.blur) or after.variance <= 0:
        return after
    count = folds + 1
    expected, variance = count * after.mean - folds * mean, count**2 * after.variance
    part = variance / (variance + under_way.blur)
    fold = expected + part * (under_way.promised - expected)
    return Outlook(
        mean=(folds * mean + fold) / count,
        variance=(1 - part) * after.variance,
        by_slope=(1 - part) * after.by_slope,
    )
