"""Many searches by each method on one table, kept as they come: a replay that was stopped goes on."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from searching.by_task import ByTask
from searching.clock import Search, run
from searching.judging import Verdict, audited, calibration, judge, summary
from searching.methods import METHODS, WARM
from searching.portfolio import portfolio
from searching.tables import read_table
from searching.world import World

#: Columns of the table that is printed: their heading, the figure, and how it is written.
COLUMNS = (
    ("to within 0.5, s", "cost_to", "{:.1f}"),
    ("within 0.2, s", "cost_closer", "{:.1f}"),
    ("never", "never", "{}"),
    ("whole budget, s", "cost", "{:.1f}"),
    ("by the clock, s", "clock", "{:.2f}"),
    ("folds", "folds", "{:.0f}"),
    ("regret", "regret", "{:.2f}"),
    ("elsewhere", "elsewhere", "{:.2f}"),
    ("by pruning", "by_pruning", "{:.3f}"),
    ("beats if pruned, %", "beats_if_pruned", "{:.1f}"),
    ("pruned if beats, %", "pruned_if_beats", "{:.1f}"),
)


def replay(
    table: Path,
    answers: Path,
    *,
    workers: Sequence[int],
    methods: Sequence[str],
    searches: int,
    budget: int,
    others: Sequence[Path] = (),
) -> None:
    """Replays what is missing and writes it down.

    Args:
        table: What `record` wrote.
        answers: JSON, one entry for each method and number of workers; those with as many searches are kept.
        workers: Numbers of workers.
        methods: Names, see `searching.methods`.
        searches: Of each method and number of workers, each with a seed of its own.
        budget: Trials of a search.
        others: Tables that the portfolio of warm methods is made from.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    world = World(read_table(table))
    if others:
        elsewhere = [World(read_table(one)) for one in others]
        # Of this table nothing is known to the choice but what could be tried.
        world = replace(world, portfolio=portfolio(elsewhere, world.table.configs))
    keep(answers, "table", about(world))
    for count in workers:
        for name in methods:
            key = f"{name} | {count} workers | {budget} trials"
            if name in WARM:
                key += f" | from {', '.join(one.stem for one in others)}"
            if read(answers).get(key, {}).get("searches", 0) >= searches:
                continue
            verdicts, ended = search_often(world, name, count, searches, budget)
            answer = {"method": name, "workers": count, "budget": budget, **summary(verdicts)}
            by_task = [one for one in ended if isinstance(one, ByTask)]
            if by_task:
                answer["calibration"] = calibration([stated for one in by_task for stated in one.stated])
            if any(one.drawn for one in by_task):
                answer["audits"] = audited(by_task)
            keep(answers, key, answer)
            print(f"{table.stem}: {key}", flush=True)


def read(answers: Path) -> dict[str, Any]:
    """What was answered until now."""
    return dict(json.loads(answers.read_text())) if answers.exists() else {}


def keep(answers: Path, key: str, answer: dict[str, Any]) -> None:
    """Adds an answer to those that are there, also where another replay of the table adds its own meanwhile."""
    answers.parent.mkdir(parents=True, exist_ok=True)
    with answers.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        new = answers.with_suffix(".new")
        new.write_text(json.dumps({**read(answers), key: answer}, indent=1))
        new.replace(answers)  # whoever reads meanwhile reads all of it


def search_often(
    world: World, name: str, workers: int, searches: int, budget: int
) -> tuple[list[Verdict], list[Search]]:
    """Searches with seeds from 0."""
    verdicts, ended = [], list[Search]()
    for seed in range(searches):
        search = METHODS[name](world, budget, seed)
        verdicts.append(judge(world, search, run(search, workers)))
        ended.append(search)
    return verdicts, ended


def about(world: World) -> dict[str, Any]:
    """What the table is like, in points and seconds."""
    means = 100 * world.means
    both = np.isfinite(world.table.elsewhere)
    return {
        "configurations": world.size,
        "again": int(both.sum()),
        "rows": len(world.table.fold_of),
        "best": float(means.max()),
        "start": float(means[0]),
        "quartiles": np.quantile(means, [0.25, 0.5, 0.75]).tolist(),
        "within_half_a_point": float((means >= means.max() - 0.5).mean()),
        "noise_of_a_mean": 100 * world.noise,
        "rank_correlation_of_the_splits": _rank_correlation(means[both], world.table.elsewhere[both]),
        "seconds_of_a_trial": float(world.costs.mean()),
    }


def in_words(answers: Path) -> Iterator[str]:
    """The table of all answers, a line for each."""
    kept = read(answers)
    yield json.dumps(kept.pop("table"))
    for workers in sorted({one["workers"] for one in kept.values()}):
        yield f"\n{answers.stem}, {workers} workers\n"
        yield f"| way | searches | {' | '.join(heading for heading, _, _ in COLUMNS)} |"
        yield "|---" * (len(COLUMNS) + 2) + "|"
        for one in kept.values():
            if one["workers"] == workers:
                cells = ["" if one[figure] is None else form.format(one[figure]) for _, figure, form in COLUMNS]
                yield f"| {one['method']} | {one['searches']} | {' | '.join(cells)} |"


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    if len(one) < 3:
        return None
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(ranks)[0, 1])
