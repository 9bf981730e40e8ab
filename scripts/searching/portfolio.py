"""Chooses a portfolio from recorded tables: few configurations, of which one is good on any of them, and soon.

**What a table says of a configuration.** A mean of five folds is uncertain by as much as configurations differ, so the
best rows of a table owe most of it to luck. Each table is therefore read DRAWS times: its rows are drawn anew, and each
row's folds too, and a forest that is fitted to these says what every candidate would reach. The forests differ by what
the table does not know, and they answer for candidates that were never trained on it, such as those of another space:
a forest sees the parameters that the table's space searches, and no others.

**Regret** is what a candidate lies below the best candidate of the same draw, over the scale of the table, and 1 at
most. The scale is what the median candidate lies below the best: so 1 is what a random configuration has, and a table
counts as much as any other, however far its levels are apart. Where the noise of a mean is larger, or half a point, it
is that: a table of noise cannot say more than it knows, and one on which all are close asks for no search.

**Choice.** Members are taken one after another. Each is the candidate by which the best member's regret falls most per
second that it takes to train, in the mean over tables and draws, from 1 before the first. Seconds are shares of the
table's median trial. That is the greedy rule for the least mean time until something good is found, and within 4 times
the least that any order has (Streeter and Golovin, NIPS 2008).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution
from sklearn.ensemble import RandomForestRegressor

from searching.judging import CLOSE
from searching.world import World

DRAWS, TREES, LEAST_IN_A_LEAF = 60, 20, 5
SIZE = 6

Config = Mapping[str, Any]


def portfolio(worlds: Sequence[World], candidates: Sequence[Config], size: int = SIZE) -> list[int]:
    """Chooses among candidates.

    Args:
        worlds: The tables, T of them.
        candidates: C configurations, of any space.
        size: Members to choose.

    Returns:
        Their places, in the order in which they are to be tried.
    """
    regrets = np.concatenate([plausible_regrets(world, candidates) for world in worlds])
    seconds = np.repeat([relative_seconds(world, candidates) for world in worlds], DRAWS, axis=0)
    members: list[int] = []
    while len(members) < min(size, len(candidates)):
        so_far = regrets[:, members].min(axis=1, initial=1.0)
        falls = np.maximum(so_far[:, None] - regrets, 0)
        worth = (falls / seconds).mean(axis=0)
        worth[members] = -1
        members.append(int(np.argmax(worth)))
    return members


def plausible_regrets(world: World, candidates: Sequence[Config]) -> NDArray[np.float64]:
    """[DRAWS, C] regrets of candidates on a table, over its scale."""
    reached = plausible_means(world, candidates)
    below = reached.max(axis=1, keepdims=True) - reached
    scale = max(float(np.median(below)), world.noise, CLOSE)
    return np.minimum(below / scale, 1)


def plausible_means(world: World, candidates: Sequence[Config], seed: int = 0) -> NDArray[np.float64]:
    """[DRAWS, C] what candidates would reach on a table, by forests on rows and folds that are drawn anew."""
    random = np.random.default_rng(seed)
    rows, asked = _columns(world, world.table.configs), _columns(world, candidates)
    folds = world.told[:, -1]
    reached = np.empty((DRAWS, len(candidates)))
    for draw in range(DRAWS):
        drawn = random.integers(len(rows), size=len(rows))
        taken = random.integers(world.folds, size=world.folds)
        forest = _forest(seed + draw).fit(rows[drawn], folds[drawn][:, taken].mean(axis=1))
        reached[draw] = forest.predict(asked)
    return reached


def relative_seconds(world: World, candidates: Sequence[Config]) -> NDArray[np.float64]:
    """[C] what a trial of each candidate would take, where the table's median trial takes 1."""
    cost = np.log(world.costs / np.median(world.costs))
    forest = _forest(0).fit(_columns(world, world.table.configs), cost)
    return np.asarray(np.exp(forest.predict(_columns(world, candidates))))


def _forest(seed: int) -> RandomForestRegressor:
    return RandomForestRegressor(TREES, min_samples_leaf=LEAST_IN_A_LEAF, random_state=seed)


def _columns(world: World, configs: Sequence[Config]) -> NDArray[np.float64]:
    """[len(configs), P] of the parameters that the table's space searches, ranges on the scale of their search."""
    return np.column_stack([_column(entry, [config[name] for config in configs])
                            for name, entry in world.table.space.distributions.items()])  # fmt: skip


def _column(entry: BaseDistribution, values: Sequence[Any]) -> NDArray[np.float64]:
    if isinstance(entry, CategoricalDistribution):
        return np.array([entry.to_internal_repr(value) for value in values], dtype=np.float64)
    numbers = np.array(values, dtype=np.float64)
    return np.log(numbers) if getattr(entry, "log", False) else numbers
