"""The answer in a few lines: the verdict first, in the words and under the names of the report."""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hpo.evaluation.intervals import Interval
from hpo.objectives import NAMES
from hpo.report.baseline_comparison import NETWORK
from hpo.report.words.key_point import VERDICT
from hpo.report.words.names import CORRECTED, CROSS_VALIDATION, TEST, percent, plural, short_name, span

_WIDTH = 100
#: Signs that not every terminal has, and what stands for them.
_PLAIN = str.maketrans("\N{NO-BREAK SPACE}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{MINUS SIGN}", " ---")


def result_text(result: Mapping[str, Any], output: Path) -> str:
    """Returns the answer for people.

    Args:
        result: What `result.json` holds.
        output: The report's folder.
    """
    rows = [*_own_figures(result), *_baselines(result["baselines"])]
    width = max(len(name) for name, _ in rows)
    lines = [
        *_verdict(result.get("verdict")),
        _chosen(result["best_trial"]),
        *(f"  {name:<{width}}  {figures}" for name, figures in rows),
        *([] if result["test"] is not None else ["  The test set was not opened."]),
        f"Report: {output / 'report.html'}",
        f"Model:  {output / 'model'}",
        *_kept(result.get("verdict")),
    ]
    return "\n".join(lines).translate(_PLAIN)


def _verdict(verdict: Mapping[str, Any] | None) -> list[str]:
    if verdict is None:
        return []
    return textwrap.wrap(f"{VERDICT}: {verdict['title']}. {verdict['text']}", _WIDTH)


def _kept(verdict: Mapping[str, Any] | None) -> list[str]:
    """Says how the baseline that the verdict advises is used."""
    if verdict is None or verdict["use"] in (None, NETWORK):
        return []
    return [f"        with {short_name(verdict['use'], False)} beside the network: hpo predict --with best"]


def _chosen(trial: Mapping[str, Any]) -> str:
    best = trial["preferred_to"]
    why = "" if best is None else f", the simplest of those that cannot be told from the best, trial {best}"
    return f"Chosen trial: {trial['number']}{why}"


def _own_figures(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    cv, test = result["cv"], result["test"]
    if test is not None:
        yield TEST, f"{_with_interval(test['accuracy'], test['interval95'])}, {plural(test['n'], 'gene')}"
    yield CORRECTED, _with_interval(cv["corrected_mean"], cv["interval95"])
    yield CROSS_VALIDATION, f"{percent(cv['mean'])}, mean of {len(cv['fold_accuracies'])} folds"
    yield from _by_objective(result.get("objective"))


def _by_objective(objective: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """What trials were compared by, where that is not accuracy; reports of earlier versions do not name it."""
    if objective is None or objective["cv"] is None:
        return
    cv, test = objective["cv"], objective["test"]
    on_test = "" if test is None else f"test {test['score']:.3f}, "
    name = NAMES[objective["name"]]
    yield f"By {name}", f"{on_test}cross-validation {cv['mean']:.3f}, corrected {cv['corrected_mean']:.3f}"


def _baselines(baselines: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, baseline in baselines.items():
        if baseline["cv"] is None:  # trial 0 did not finish or was left out; the report says so
            continue
        on_test = "" if baseline["test"] is None else f"test {percent(baseline['test'])}, "
        yield short_name(name, baseline.get("folds") == 1), f"{on_test}cross-validation {percent(baseline['cv'])}"


def _with_interval(accuracy: float, interval: tuple[float, float]) -> str:
    return f"{percent(accuracy)} (95 % interval {span(Interval(*interval))})"
