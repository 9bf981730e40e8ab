"""What `result.json` says of the study's own objective, as it was measured: a log loss is positive."""

from typing import Any

from hpo.choices import Objective
from hpo.evaluation.intervals import Interval
from hpo.objectives import measured
from hpo.report.baseline_comparison import ComparedBaseline
from hpo.report.by_objective import AnswerByObjective
from hpo.report.evidence import Evidence
from hpo.report.statistics import Statistics

Json = Any


def objective_figures(evidence: Evidence, found: AnswerByObjective | None) -> dict[str, Json]:
    """Returns what trials were compared by; where that is accuracy, its figures stand under `cv` and `test`."""
    name = evidence.objective
    if found is None:
        return {"name": name, "cv": None, "test": None}
    corrected = found.corrected
    test = None
    if found.test is not None and found.test_interval is not None:
        test = {"score": measured(name, found.test), "interval95": _measured_interval(name, found.test_interval)}
    return {
        "name": name,
        "cv": {
            "fold_scores": [measured(name, score) for score in found.fold_scores],
            "mean": measured(name, found.mean),
            "interval95": _measured_interval(name, corrected.interval),
            "corrected_mean": measured(name, corrected.corrected_mean),
            "naive_interval95": _measured_interval(name, corrected.naive_interval),
        },
        "test": test,
    }


def _measured_interval(objective: Objective, interval: Interval) -> list[float]:
    return sorted(measured(objective, end) for end in (interval.low, interval.high))


def best_by_trial(evidence: Evidence, statistics: Statistics) -> list[Json]:
    """Returns the best measured of complete trials, by trials spent."""
    best = (None if one.best is None else measured(evidence.objective, one.best) for one in statistics.progress)
    return [{"trial": one.trial, "best": score} for one, score in zip(statistics.progress, best, strict=True)]


def baseline_figures(baseline: ComparedBaseline, objective: Objective) -> dict[str, Json]:
    """Returns a baseline's figures by the objective; nothing where that is accuracy."""
    found = baseline.by_objective
    if found is None:
        return {}
    test = None if found.test is None else measured(objective, found.test)
    return {"by_objective": {"cv": measured(objective, found.cv), "test": test, "p": found.judged.p_value}}
