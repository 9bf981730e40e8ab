"""How the search went: each trial's score, the best so far, and which hyperparameters mattered."""

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from hpo.objectives import NAMES, SHARES, measured
from hpo.report.evidence import Evidence, FinishedTrial
from hpo.report.plots.style import BLUE, INK, MUTED, ORANGE, Plot, drawing, percent_axis
from hpo.report.statistics import Statistics

_SHOWN_IMPORTANCES = 10
_LOOKS: dict[str, dict[str, Any]] = {"COMPLETE": {"color": BLUE}, "PRUNED": {"mfc": "none", "mec": MUTED}}


def draw(evidence: Evidence, statistics: Statistics, made: list[Plot]) -> None:
    """Draws the history, and the importances where there are any."""
    _history(evidence, statistics, made)
    if evidence.importances:
        _importances(evidence, made)


def _history(evidence: Evidence, statistics: Statistics, made: list[Plot]) -> None:
    objective = evidence.objective
    name = NAMES[objective]
    alt = f"Mean CV {name} of each trial by number, with the best of the complete trials so far as a step line."
    reading = (
        "Each dot is one configuration that was tried; the line is the best so far. Where it runs flat, further trials "
        "gained nothing."
    )
    if objective == "log_loss":
        reading += " It is turned over: higher is better."
    title = f"{name[0].upper()}{name[1:]} by trials spent"
    with drawing("optimization_history", title, alt, reading, made) as axes:
        for state, look in _LOOKS.items():
            some = [(t.number, t.mean) for t in evidence.trials if t.state == state and t.mean is not None]
            if some:
                label = "complete" if state == "COMPLETE" else "pruned (folds so far)"
                axes.plot(*zip(*some, strict=True), "o", ms=5, label=label, **look)
        reached = [(spent.trial, spent.best) for spent in statistics.progress if spent.best is not None]
        axes.step(*zip(*reached, strict=True), where="post", color=INK, lw=1.2)
        chosen = next(t for t in evidence.trials if t.number == evidence.chosen.number)
        axes.plot(chosen.number, chosen.mean or 0.0, "*", color=ORANGE, ms=13, label=f"chosen: trial {chosen.number}")
        axes.set_ylim(*_limits([t for t in evidence.trials if t.mean is not None]))
        axes.set_xlabel("trial")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if objective in SHARES:
            percent_axis(axes)
        else:
            axes.yaxis.set_major_formatter(lambda score, _position: f"{measured(objective, score):.3g}")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, columnspacing=1.0, handletextpad=0.3)


def _limits(trials: list[FinishedTrial]) -> tuple[float, float]:
    """Shows the better half well: a few hopeless trials may fall below the frame's lower edge."""
    means = np.array([t.mean for t in trials], dtype=np.float64)
    high, middle = float(means.max()), float(np.quantile(means, 0.25))
    low = max(float(means.min()), middle - 2 * (high - middle))
    margin = max(0.01, 0.08 * (high - low))
    return low - margin, high + margin


def _importances(evidence: Evidence, made: list[Plot]) -> None:
    ordered = sorted(evidence.importances.items(), key=lambda item: item[1])[-_SHOWN_IMPORTANCES:]
    alt = f"Share of the variation in {NAMES[evidence.objective]} among trials that each hyperparameter explains."
    height = 0.9 + 0.27 * len(ordered)
    reading = (
        "How much of the difference between the complete trials goes with each setting (fANOVA). With few trials this "
        "is a rough guide."
    )
    with drawing("hyperparameter_importance", "Hyperparameter importance", alt, reading, made, height) as axes:
        axes.barh([name.replace("_", " ") for name, _ in ordered], [share for _, share in ordered], color=BLUE)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 1.05 * max(share for _, share in ordered) or 1)
        percent_axis(axes, "x")
        axes.set_xlabel("share of the variation explained")
