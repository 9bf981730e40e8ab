"""What the rule of `hpo.search.gain` makes of searches on a table: where it ends them, and what that costs."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from hpo.search.gain import NEXT, prospect_of
from hpo.study.prospects import LEAST_FINISHED
from searching.methods import METHODS
from searching.world import World

#: Searches that prune nothing, so that the same one can be looked at as if it had ended at any trial.
WAYS = ("random", "TPE")
HEADINGS = (
    *("way", "ended after (quartiles)", "regret there", "of the whole budget", "after the least"),
    *("on the second split", "of the whole budget", "ten more were said to gain", "and raised the best mean by"),
)


def ends(world: World, searches: int, budget: int) -> Iterator[str]:
    """Lines of a table for people.

    Args:
        world: The recorded table.
        searches: Of each way, with seeds from 0.
        budget: Trials of a search that nothing ends.
    """
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---" * len(HEADINGS) + "|"
    for way in WAYS:
        orders = [_order(world, way, budget, seed) for seed in range(searches)]
        stops = [_end(world, order) for order in orders]
        first, _, third = quartiles = np.quantile(stops, [0.25, 0.5, 0.75])
        cells = [f"{quartiles[1]:.0f} ({first:.0f} to {third:.0f})"]
        cells += [_mean(world, _regret, orders, marks) for marks in (stops, [budget] * searches)]
        cells.append(_mean(world, _regret, orders, [LEAST_FINISHED] * searches))
        cells += [_mean(world, _elsewhere, orders, marks) for marks in (stops, [budget] * searches)]
        said, came = np.transpose([_gains(world, order) for order in orders]).mean(axis=1)
        yield f"| {way} | {' | '.join([*cells, f'{100 * said:.2f}', f'{100 * came:.2f}'])} |"


def _mean(
    world: World, below: Callable[[World, Sequence[int]], float], orders: Sequence[list[int]], marks: Sequence[int]
) -> str:
    """Points by which searches that end at some trial lie below the best; of those where that is known."""
    found = [below(world, order[:mark]) for order, mark in zip(orders, marks, strict=True)]
    known = [one for one in found if np.isfinite(one)]
    return f"{100 * np.mean(known):.2f}" if known else ""


def _order(world: World, way: str, budget: int, seed: int) -> list[int]:
    """The rows that a search tries, in order."""
    search = METHODS[way](world, budget, seed)
    while (job := search.next_job(0)) is not None:
        search.ended(0, job)
    return [one.row for one in search.decided]


def _end(world: World, order: Sequence[int]) -> int:
    """The trial after which the rule ends a search; its last where it does not."""
    for count in range(LEAST_FINISHED, len(order)):
        prospect = prospect_of(world.told[order[:count], -1], count)
        if prospect is not None and not prospect.pays:
            return count
    return len(order)


def _best(world: World, order: Sequence[int]) -> int:
    return max(order, key=lambda row: float(world.means[row]))


def _regret(world: World, order: Sequence[int]) -> float:
    return float(world.means.max() - world.means[_best(world, order)])


def _elsewhere(world: World, order: Sequence[int]) -> float:
    elsewhere = world.table.elsewhere
    return float(np.nanmax(elsewhere) - elsewhere[_best(world, order)]) if np.isfinite(elsewhere).any() else np.nan


def _gains(world: World, order: Sequence[int]) -> tuple[float, float]:
    """What the next ten were expected to gain after the least trials, and by how much they raised the best mean."""
    least = order[:LEAST_FINISHED]
    prospect = prospect_of(world.told[least, -1], LEAST_FINISHED)
    said = np.nan if prospect is None else prospect.gain
    return said, _regret(world, least) - _regret(world, order[: LEAST_FINISHED + NEXT])
