"""Searches without data: columns of right and wrong rows whose true accuracies are known, drawn in a moment.

No network is trained, so what shares training rows is not in them: they show what the choice of the best does to the
corrected score, and to the width of its interval, with configurations that are all alike or very different, with errors
that configurations share or not, with rows of their own or in groups of which a few are large.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from hpo.evaluation.selection_bias import correct_selection_bias

CONFIGURATIONS, ROWS = 40, 640
GROUPS, LARGE, GROUPED_ROWS, NOISE = 960, 20, 3840, 0.06
STUDIES, REPLICATES = 300, 150

#: Right or wrong [N, C], true accuracies [C], group of each row [N].
Drawn = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]
Accuracies = Callable[[np.random.Generator], NDArray[np.float64]]


def alike(random: np.random.Generator, mean: float, spread: float) -> NDArray[np.float64]:
    """Accuracies about a mean."""
    return random.normal(mean, spread, CONFIGURATIONS).clip(0.5, 0.99)


def mixed(random: np.random.Generator, good: int) -> NDArray[np.float64]:
    """So many near 0.9, the others from 0.55 to 0.88."""
    bad = random.uniform(0.55, 0.88, CONFIGURATIONS)
    return np.where(np.arange(CONFIGURATIONS) < good, random.normal(0.9, 0.003, CONFIGURATIONS), bad)


def understood(
    accuracies: NDArray[np.float64], shared: float, rows: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Right or wrong [rows, C], with a correlation between configurations before the threshold."""
    common, own = random.normal(size=(rows, 1)), random.normal(size=(rows, len(accuracies)))
    return np.asarray(shared**0.5 * common + (1 - shared) ** 0.5 * own < norm.ppf(accuracies))


def rows_of_their_own(accuracies: Accuracies, shared: float, random: np.random.Generator) -> Drawn:
    """Every row is a sequence of its own."""
    drawn = accuracies(random)
    return understood(drawn, shared, ROWS, random), drawn, np.arange(ROWS)


def few_large_groups(spread: float, shared: float, random: np.random.Generator) -> Drawn:
    """A third of the rows are copies of 20 sequences, and what understands a sequence is right but for noise."""
    large = random.multinomial(GROUPED_ROWS // 3, np.full(LARGE, 1 / LARGE))
    small = GROUPS - LARGE
    others = 1 + random.multinomial(GROUPED_ROWS - large.sum() - small, np.full(small, 1 / small))
    groups = np.repeat(np.arange(GROUPS), np.concatenate([large, others]))
    drawn = random.normal(0.93, spread, CONFIGURATIONS).clip(0.5, 0.995)
    flipped = random.random(len(groups)) < NOISE
    right = understood(drawn, shared, GROUPS, random)[groups] ^ flipped[:, None]
    return right, drawn * (1 - NOISE) + (1 - drawn) * NOISE, groups


KINDS: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "all 90 %, errors independent": partial(rows_of_their_own, partial(alike, mean=0.9, spread=0.0), 0.0),
    "all 90 %, errors correlated (0.5)": partial(rows_of_their_own, partial(alike, mean=0.9, spread=0.0), 0.5),
    "88 %, standard deviation 2 points": partial(rows_of_their_own, partial(alike, mean=0.88, spread=0.02), 0.5),
    "85 %, standard deviation 5 points": partial(rows_of_their_own, partial(alike, mean=0.85, spread=0.05), 0.5),
    "half near 90 %, half 55 to 88 %": partial(rows_of_their_own, partial(mixed, good=20), 0.3),
    "five near 90 %, the rest 55 to 88 %": partial(rows_of_their_own, partial(mixed, good=5), 0.3),
    **{
        f"large groups, standard deviation {100 * spread:g} points, correlated ({shared})": partial(
            few_large_groups, spread, shared
        )
        for spread in (0.0, 0.01, 0.03)
        for shared in (0.3, 0.7)
    },
}


def table() -> Iterator[str]:
    """How far the corrected score of the best is from its true accuracy, and how often its interval holds that."""
    yield "| kind | naive | corrected | interval holds the truth | half width |"
    yield "|---" * 5 + "|"
    for name, draw in KINDS.items():
        errors, covered, halves = [], [], []
        for seed in range(STUDIES):
            right, accuracies, groups = draw(np.random.default_rng(seed))
            winner = int(right.mean(axis=0).argmax())
            found = correct_selection_bias(right, winner, groups, replicates=REPLICATES, seed=seed)
            truth = accuracies[winner]
            errors.append((found.naive_mean - truth, found.corrected_mean - truth))
            covered.append(found.interval.contains(truth))
            halves.append((found.interval.high - found.interval.low) / 2)
        naive, corrected = 100 * np.mean(errors, axis=0)
        spread = 100 * np.std(errors, axis=0)[1]
        points = f"{naive:+.2f} | {corrected:+.2f} ({spread:.2f})"
        yield f"| {name} | {points} | {100 * np.mean(covered):.1f} % | {100 * np.mean(halves):.2f} |"
