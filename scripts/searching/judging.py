"""What a search was worth, judged by what the table knows of every row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import beta

from hpo.evaluation.pruning_cost import pruning_cost
from searching.by_task import ByTask, Stated
from searching.clock import Search, Timeline
from searching.world import World

#: Of the table's best: a difference that the noise of one split does not tell from none.
CLOSE = 0.005
#: A harder aim, for tables of which many rows are close.
CLOSER = 0.002
NEVER = (np.inf, np.inf)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Of one search.

    Attributes:
        cost_to: Seconds of training until its answer was within CLOSE of the table's best; infinite where it never was.
        clock_to: The same by the clock.
        cost_closer: As `cost_to`, within CLOSER.
        cost: Seconds of training until its end.
        clock: The same by the clock.
        folds: That it finished.
        regret: By which its answer lies below the table's best, on the split that it searched.
        elsewhere: The same on the second split, against the best there; no number where its answer was not trained
            there.
        by_pruning: By which its answer lies below the best of its own trials, had all gone through all folds.
        pruned: Trials that were given up, where there was a complete one to compare with.
        pruned_beats: Of them, those that were better than the best complete one.
        beats: Of all, those that were better than the best complete one when they were decided.
    """

    cost_to: float
    clock_to: float
    cost_closer: float
    cost: float
    clock: float
    folds: int
    regret: float
    elsewhere: float
    by_pruning: float
    pruned: int
    pruned_beats: int
    beats: int


def judge(world: World, search: Search, line: Timeline) -> Verdict:
    """Judges a search that has ended."""
    means, elsewhere = world.means, world.table.elsewhere
    answer = search.answer()
    if answer is None:
        raise ValueError("A search ended without a complete trial.")
    clock_to, cost_to = line.until(lambda row: bool(means[row] >= means.max() - CLOSE)) or NEVER
    _, cost_closer = line.until(lambda row: bool(means[row] >= means.max() - CLOSER)) or NEVER
    judged = [one for one in search.decided if one.beside is not None]
    better = [bool(means[one.row] > means[one.beside]) for one in judged]
    lost = [beats for one, beats in zip(judged, better, strict=True) if one.pruned]
    return Verdict(
        cost_to=cost_to,
        clock_to=clock_to,
        cost_closer=cost_closer,
        cost=line.cost,
        clock=line.clock,
        folds=line.folds,
        regret=float(means.max() - means[answer]),
        elsewhere=float(np.nanmax(elsewhere) - elsewhere[answer]) if np.isfinite(elsewhere).any() else np.nan,
        by_pruning=max(0.0, *(float(means[one.row] - means[answer]) for one in search.decided), 0.0),
        pruned=len(lost),
        pruned_beats=sum(lost),
        beats=sum(better),
    )


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Of many searches of one kind: medians of costs, means of regrets in points, shares in per cent."""
    pruned, lost, beats = (sum(getattr(one, name) for one in verdicts) for name in ("pruned", "pruned_beats", "beats"))
    known = [one.elsewhere for one in verdicts if np.isfinite(one.elsewhere)]
    return {
        "searches": len(verdicts),
        "cost_to": float(np.median([one.cost_to for one in verdicts])),
        "clock_to": float(np.median([one.clock_to for one in verdicts])),
        "cost_closer": float(np.median([one.cost_closer for one in verdicts])),
        "never": int(sum(np.isinf(one.cost_to) for one in verdicts)),
        "cost": float(np.median([one.cost for one in verdicts])),
        "clock": float(np.median([one.clock for one in verdicts])),
        "folds": float(np.median([one.folds for one in verdicts])),
        "regret": 100 * float(np.mean([one.regret for one in verdicts])),
        "elsewhere": 100 * float(np.mean(known)) if known else None,
        "elsewhere_known": len(known),
        "by_pruning": 100 * float(np.mean([one.by_pruning for one in verdicts])),
        "pruned": pruned,
        "beats_if_pruned": 100 * lost / pruned if pruned else None,
        "pruned_if_beats": 100 * lost / beats if beats else None,
    }


def audited(searches: Sequence[ByTask]) -> dict[str, Any]:
    """What audits cost, and what they say of pruning: to be compared with what the table knows (`summary`)."""
    audits = [sum(one.audited for one in search.drawn.values()) for search in searches]
    return {
        "audits_a_search": float(np.mean(audits)),
        "folds_of_audits": sum(search.audit_folds for search in searches),
        **asdict(pruning_cost([search.tally() for search in searches])),
    }


def calibration(stated: Sequence[Stated]) -> list[dict[str, Any]]:
    """Stated chances against what came true, by tenths: how many, what was said, what was, and its 95 % interval.

    The interval is that of independent cases, which these are not: the same rows are met again and again.
    """
    told = []
    for tenth in range(10):
        cases = [one for one in stated if min(int(one.chance * 10), 9) == tenth]
        if cases:
            true, count = sum(one.came_true for one in cases), len(cases)
            low, high = beta.ppf(
                [0.025, 0.975], [max(true, 1e-9), true + 1], [count - true + 1, max(count - true, 1e-9)]
            )
            said = sum(one.chance for one in cases) / count
            told.append({"cases": count, "said": said, "was": true / count, "interval95": [float(low), float(high)]})
    return told
