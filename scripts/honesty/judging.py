"""Studies against the truth: errors of the estimates, and how often the intervals hold it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honesty.records import unpacked
from hpo.evaluation.comparison import gap
from hpo.evaluation.intervals import Interval, accuracy_interval, wilson
from hpo.evaluation.selection_bias import correct_selection_bias


@dataclass(frozen=True)
class Judged:
    """One study; errors are estimate minus accuracy of the final model on fresh genes."""

    kind: str
    rows: int  #: of development
    naive: float
    corrected: float
    test: float
    growth: float  #: final model minus fold models, both on fresh genes
    cv_covers: bool
    fold_models_covered: bool  #: the same interval, against the models that cross-validation trained
    naive_covers: bool
    test_covers: bool
    gap_covers: bool  #: CV minus test, against fold models minus final model
    gap_agrees: bool  #: 0 lies in that interval: the report says that CV and test agree
    found: tuple[float, ...]  #: the estimates and the ends of their intervals, to compare with result.json


def judge(record: dict[str, Any]) -> Judged:
    """Judge stored predictions by `hpo.evaluation`, as a report does."""
    truth, fold_models = record["truth"], record["fold_models_truth"]
    groups, test_groups = np.array(record["groups"]), np.array(record["test_groups"])
    correct = unpacked(record["correct"], len(groups), record["configurations"])
    cv = correct_selection_bias(correct, record["winner"], groups, naive_mean=record["naive"], seed=record["seed"])
    right = unpacked(record["test_correct"], len(test_groups))
    test, test_interval = float(right.mean()), accuracy_interval(right, test_groups)
    difference = gap(cv.corrected_mean, cv.interval, test, test_interval)
    return Judged(
        kind=record["kind"],
        rows=len(groups),
        naive=record["naive"] - truth,
        corrected=cv.corrected_mean - truth,
        test=test - truth,
        growth=truth - fold_models,
        cv_covers=cv.interval.contains(truth),
        fold_models_covered=cv.interval.contains(fold_models),
        naive_covers=cv.naive_interval.contains(truth),
        test_covers=test_interval.contains(truth),
        gap_covers=difference.interval.contains(fold_models - truth),
        gap_agrees=not difference.is_more_than_noise,
        found=(
            cv.corrected_mean,
            *_ends(cv.interval),
            test,
            *_ends(test_interval),
            *_ends(difference.interval),
        ),
    )


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def mean_error(judged: Sequence[Judged], which: str) -> tuple[float, float]:
    """Mean and its standard error, in points."""
    errors = [100 * getattr(one, which) for one in judged]
    spread = float(np.std(errors, ddof=1)) / len(errors) ** 0.5 if len(errors) > 1 else float("nan")
    return float(np.mean(errors)), spread


def coverage(judged: Sequence[Judged], which: str) -> tuple[float, Interval]:
    """Share of studies, and what it may be by chance."""
    share = float(np.mean([getattr(one, which) for one in judged]))
    return share, wilson(share, len(judged))


def tables(judged: Sequence[Judged], kinds: Sequence[str]) -> str:
    """Two tables for docs/honesty.md: errors and coverages."""
    parts = [(kind, [one for one in judged if one.kind == kind]) for kind in kinds]
    rows = [(name, some) for name, some in [*parts, ("all", list(judged))] if some]
    return "\n\n".join(
        [
            _table("studies | number | CV rows | naive CV | corrected CV | test | growth", rows, _error_cells),
            _table(
                "studies | corrected CV | … of the fold models | naive CV | test | gap | called in agreement",
                rows,
                _coverage_cells,
            ),
        ]
    )


def _table(head: str, rows: Sequence[tuple[str, list[Judged]]], cells: Callable[[list[Judged]], list[str]]) -> str:
    lines = [f"| {name} | {' | '.join(cells(some))} |" for name, some in rows]
    return "\n".join([f"| {head} |", "|---" * (head.count("|") + 1) + "|", *lines])


def _error_cells(some: list[Judged]) -> list[str]:
    sizes = sorted({one.rows for one in some})
    errors = ["{:+.2f} ± {:.2f}".format(*mean_error(some, which)) for which in ("naive", "corrected", "test", "growth")]
    return [f"{len(some):,}", f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}", *errors]


def _coverage_cells(some: list[Judged]) -> list[str]:
    names = ("cv_covers", "fold_models_covered", "naive_covers", "test_covers", "gap_covers", "gap_agrees")
    cells = []
    for name in names:
        share, chance = coverage(some, name)
        cells.append(f"{100 * share:.1f} % ({100 * chance.low:.1f} to {100 * chance.high:.1f})")
    return cells
