"""Whether more trials are likely to pay: what the next ten are expected to gain, against the noise of a CV accuracy.

**Model.** A complete trial's CV accuracy is m = t + e: t is what its configuration is worth on rows of this kind, and e
the noise of a mean of K folds. Levels t of proposals are taken to be normal above their median, with variance T^2, and
e to be normal with variance N^2. Folds and seeds are common to all trials, so what a fold does to all alike is no noise
between them: N^2 is the residual mean square of trials by folds, over K.

**Gain.** Let c be the best m so far, u their (upper) median, and S^2 = T^2 + N^2 the variance of the m. Of the next n
trials a share q is expected to come through all folds, as of those so far; so the best of their m is expected to lie
above c by

    G = integral from c to infinity of 1 - F((x - u) / S)^(n q) dx,    F of the standard normal.

A difference of m promises a difference of t that is T^2 / S^2 times as large (the regression of t on m), so the
expected gain is G T^2 / S^2. S is estimated from the trials above u alone, N from them too: how far the worst lie below
says nothing of how far the best may rise, and a space has many ways to fail. The mean distance of a normal's upper half
from its median is S sqrt(2 / pi), which one trial far above moves less than a mean square. T^2 is S^2 - N^2, or 0.

**Rule.** More trials are likely to pay while the expected gain is more than a quarter of N. To end a search where what
is left to gain is below the noise of the estimate is the rule of Makarova et al. (Automatic termination for
hyperparameter optimization, AutoML 2022), who bound the regret by a Gaussian process and take the noise of one
estimate, folds included. Trials that share folds are compared with less noise, and an expectation is less than a bound:
with all of N for a threshold, searches of genes whose levels differ ended with most of their gain to come
(docs/search.md). Ishibashi et al. (AISTATS 2023) ask likewise for the expected gain of what comes next. What Xie et al.
(Cost-aware stopping for Bayesian optimization, ICML 2026) weigh it against, the cost of a trial in units of accuracy,
is nothing that a user has told us.

**What it does not know.** That few trials tell little of S: on normal levels it says three quarters of what comes true.
That proposals get better (TPE's do, so it ends early rather than late), and that tails are
not normal. Asked after each trial, it ends a search at the first that says so, which is sooner than one look would.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Trials whose gain is asked for.
NEXT = 10
#: Complete trials that tell enough: half of them lie above the median.
LEAST_COMPLETE = 8
#: Of the noise: a smaller gain is not worth the trials. Measured: docs/search.md.
WORTH = 0.25
#: Standard deviations behind which nothing is left to integrate, and steps of one.
_FAR, _STEPS = 8.0, 100


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What more trials promise.

    Attributes:
        trials: The next so many.
        gain: By which they are expected to raise what the best is worth, as accuracy.
        noise: Standard deviation of a CV accuracy, as far as it differs from trial to trial.
        pays: Whether the gain is worth them.
    """

    trials: int
    gain: float
    noise: float
    pays: bool


def prospect_of(accuracies: NDArray[np.float64], finished: int, trials: int = NEXT) -> Prospect | None:
    """Tells what the next trials promise.

    Args:
        accuracies: [M, K] of the folds of the complete trials.
        finished: Trials that have ended, complete or not.
        trials: How many more are asked about.

    Returns:
        None where the trials tell too little.
    """
    if len(accuracies) < LEAST_COMPLETE:
        return None
    # The better half, the best last.
    upper = accuracies[np.argsort(accuracies.mean(axis=1), kind="stable")][len(accuracies) // 2 :]
    means, noise = upper.mean(axis=1), _noise(upper)
    spread = float((means[1:] - means[0]).mean()) * math.sqrt(math.pi / 2)
    # What arithmetic leaves of equal means is no spread.
    if spread < 1e-12:
        return Prospect(trials=trials, gain=0.0, noise=noise, pays=False)
    real = max(0.0, 1.0 - (noise / spread) ** 2)
    complete = trials * len(accuracies) / max(finished, len(accuracies))
    gain = real * spread * _best_above(float(means[-1] - means[0]) / spread, complete)
    return Prospect(trials=trials, gain=gain, noise=noise, pays=gain > WORTH * noise)


def _best_above(ahead: float, draws: float) -> float:
    """By how much the best of some standard normal draws is expected to lie above `ahead`, 0 or more."""
    places = [ahead + step / _STEPS for step in range(int(_FAR * _STEPS) + 1)]
    # 1 - F^draws, without loss where F is close to 1.
    above = [-math.expm1(draws * math.log1p(-0.5 * math.erfc(place / math.sqrt(2)))) for place in places]
    return float(np.trapezoid(above, dx=1 / _STEPS))


def _noise(accuracies: NDArray[np.float64]) -> float:
    """Standard deviation of a mean of K folds: what is left when trials and folds are taken out."""
    trials, folds = accuracies.shape
    left = accuracies - accuracies.mean(axis=1, keepdims=True)
    left -= left.mean(axis=0)
    return math.sqrt(float((left**2).sum()) / ((trials - 1) * (folds - 1)) / folds)
