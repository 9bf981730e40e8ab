"""What portfolios are worth on tables that they were not made from, as far as noise lets it be told.

Whether a row is within half a point of a table's best is a matter of luck where the noise of a mean is as large. So it
is asked of what the table makes plausible: its forests, of other draws than those that portfolios are chosen by. How
well these know more than luck is told by the second split: the rank correlation of what rows reached there with what
they reached on the first, and with the forests' means, which have not seen the second.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from searching.judging import CLOSE
from searching.portfolio import plausible_means, portfolio
from searching.world import World

#: Of the forests that judge.
SEED = 1000
#: Random orders in which rows are tried, behind what comes first.
ORDERS = 50
HEADINGS = (
    *("table", "rows within 0.5 points", "random, s", "where the space begins first, s", "portfolio first, s"),
    *("ranks on the second split: by the first", "by the forests"),
)


def left_out(worlds: Mapping[str, World], size: int) -> Iterator[str]:
    """Lines of a table for people: of each recorded table, with the portfolio of all others.

    Seconds of training until a row is within 0.5 points of the best that a forest says: medians over forests, orders.

    Args:
        worlds: The tables, by name.
        size: Configurations of a portfolio.
    """
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---" * len(HEADINGS) + "|"
    for name, world in worlds.items():
        others = [one for other, one in worlds.items() if other != name]
        reached = plausible_means(world, world.table.configs, SEED)
        close = reached >= reached.max(axis=1, keepdims=True) - CLOSE
        firsts = ([], [0], portfolio(others, world.table.configs, size))
        seconds = [_seconds(world, close, first) for first in firsts]
        trained = np.isfinite(world.table.elsewhere)
        ranks = [spearmanr(told[trained], world.table.elsewhere[trained])[0]
                 for told in (world.means, reached.mean(axis=0))]  # fmt: skip
        cells = [name, f"{close.mean():.0%}", *(f"{one:.1f}" for one in seconds)]
        yield f"| {' | '.join([*cells, *(f'{one:.2f}' for one in ranks)])} |"


def _seconds(world: World, close: NDArray[np.bool_], first: Sequence[int]) -> float:
    """The median of what it costs until a row is close, where some are tried first and the others in any order."""
    random, found = np.random.default_rng(0), []
    for _ in range(ORDERS):
        order = [*first, *random.permutation(np.setdiff1d(np.arange(world.size), first))]
        spent = np.cumsum(world.costs[order])
        # Of each forest some row is the best.
        found.append(spent[close[:, order].argmax(axis=1)])
    return float(np.median(found))
