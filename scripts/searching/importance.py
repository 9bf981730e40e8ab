"""What each parameter of the space does to the CV accuracy of a table: how much of it, and which values are best."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import KFold

from searching.world import World

TREES, REPEATS = 200, 10


def importance(world: World) -> Iterator[str]:
    """A table: the share of what can be predicted of the means that each parameter accounts for, and its best values.

    By random forests on what they were not fitted to (five parts): by how much their error grows where a parameter's
    values are shuffled. A parameter of which nothing can be predicted has a share of about 0.
    """
    columns, values = _columns(world)
    means = 100 * world.means
    # Configurations that learned nothing would decide alone.
    kept = means >= np.quantile(means, 0.1)
    columns, means = columns[kept], means[kept]
    falls, predicted = np.zeros(len(values)), np.empty(len(means))
    for fitted, judged in KFold(5, shuffle=True, random_state=0).split(columns):
        forest = RandomForestRegressor(TREES, min_samples_leaf=3, random_state=0).fit(columns[fitted], means[fitted])
        predicted[judged] = forest.predict(columns[judged])
        falls += permutation_importance(
            forest, columns[judged], means[judged], scoring="neg_mean_squared_error", n_repeats=REPEATS, random_state=0
        ).importances_mean
    explained = 1 - float(((means - predicted) ** 2).mean() / means.var())
    yield f"{len(means)} configurations, without the worst tenth; {explained:.0%} of the means' variance is predicted."
    yield "| parameter | share | mean accuracy by value (points above the mean of all) |"
    yield "|---|---|---|"
    shares = np.maximum(falls, 0) / max(np.maximum(falls, 0).sum(), 1e-12)
    for place in np.argsort(-shares):
        name = values[place]
        told = "; ".join(_by_value(world, name, columns[:, place], means))
        yield f"| `{name}` | {shares[place]:.0%} | {told} |"


def _columns(world: World) -> tuple[NDArray[np.float64], list[str]]:
    """[C, P] as Optuna holds them, ranges on the scale that they are searched on."""
    space = world.table.space.distributions
    made = []
    for name, entry in space.items():
        column = np.array([entry.to_internal_repr(config[name]) for config in world.table.configs], dtype=np.float64)
        made.append(np.log(column) if getattr(entry, "log", False) else column)
    return np.column_stack(made), list(space)


def _by_value(world: World, name: str, column: NDArray[np.float64], means: NDArray[np.float64]) -> Iterator[str]:
    """Mean by choice, or by quarter of a range, with its standard error."""
    entry = world.table.space.distributions[name]
    if isinstance(entry, CategoricalDistribution):
        parts = [(str(choice), column == place) for place, choice in enumerate(entry.choices)]
    else:
        ends = np.quantile(column, [0, 0.25, 0.5, 0.75, 1])
        unit = np.exp if getattr(entry, "log", False) else np.asarray
        parts = [
            (f"{unit(low):.3g} to {unit(high):.3g}", (column >= low) & (column <= high)) for low, high in pairwise(ends)
        ]
    for words, where in parts:
        if where.any():
            error = means[where].std() / np.sqrt(where.sum())
            yield f"{words}: {means[where].mean() - means.mean():+.2f} ± {error:.2f}"
