"""`result.json`: the answer for scripts.

The keys of the first level and those under `cv`, `test`, `baselines`, `trials` and `data` are fixed; more may
be added. `cv.interval95` belongs to the corrected mean, because it is the one that holds; the interval of the
naive mean stands beside it as `naive_interval95`. `mcnemar_test` counts rows; `mcnemar_test_cases`, by which the
report judges, counts rows that were sampled together (identical sequences) as one case. While the test set is
sealed, `test`, `gap` and every baseline's `test` are null; so are the figures of the original's configuration where
it was left out or did not finish. Where it was tried on the first fold alone, `folds` is 1, `cv` is its accuracy there,
`mcnemar_cv` compares on that fold, and `test` is null. `best_trial` is the one that was chosen, which `cv`, `test` and
every comparison speak of: where a simpler trial was preferred to the one with the highest score, `preferred_to` names
that. `blend` names the trials that the final model has networks of, where they are several: then everything that is
told of the answer (`cv.corrected_mean`, its interval and what follows them, `test`, comparisons) is told of the blend,
and `cv.fold_accuracies`, `mean`, `std` and `naive_interval95` of the best trial alone. `left_out` names the finished
trials whose records or results are damaged or gone, with the reason: no figure rests on them, and `trials` does not
count them. `foreign_trials` counts those that other programs added to the study. `ended` tells what ended a search
before the budget that it was given (`asked`) was spent, and the trials that were begun, as `status` does; else null.
`pruning` tells what pruning cost, estimated from the trials that were audited, in this study (`study`) and in all of
its storage that are pruned by chance (`storage`); null where trials are pruned otherwise. `regret` is an accuracy.
`verdict` is what the pages and the terminal say first; its `use` names what they advise to use: "network", a baseline
that is as good or better, or null where nothing beats guessing.
`search.best_by_trial` is the objective as a function of the trials spent: for each finished trial the best CV accuracy
up to its number, or what was measured of another objective.
`objective` names what trials were compared by. Where that is not accuracy, its figures stand there, and in each
baseline as `by_objective`, whose `p` is of the difference that counts; all others are those of the accuracy.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hpo.choices import Objective
from hpo.evaluation.comparison import Gap, Paired
from hpo.evaluation.intervals import Interval
from hpo.evaluation.metrics import Curve, Measured, Slice
from hpo.report.baseline_comparison import ComparedBaseline, PairedTests
from hpo.report.evidence import Evidence, PositionEffects
from hpo.report.objective_figures import baseline_figures, best_by_trial, objective_figures
from hpo.report.statistics import CrossValidation, Statistics, Tested, count_states, top_positions
from hpo.report.words.verdict import key_points

Json = Any  # what `json.dumps(..., allow_nan=False)` takes
_PROMISED_BASELINES = ("majority", "logistic_regression", "original_configuration")


def build_result(evidence: Evidence, statistics: Statistics) -> dict[str, Json]:
    """Builds the contents of `result.json`.

    Returns:
        Plain dicts, lists, strings and finite numbers.
    """
    test = statistics.test
    result = {
        "study": evidence.study,
        "created": evidence.contract.created,
        "finished": evidence.finished,
        "verdict": _verdict(evidence, statistics),
        "objective": objective_figures(evidence, statistics.by_objective),
        "best_trial": _best_trial(evidence),
        "blend": [dataclasses.asdict(one) for one in evidence.final.blend],
        "cv": _cv(statistics.cv),
        "test": None if test is None else _test(test),
        "gap": None if test is None else test.gap.difference,
        "gap_details": None if test is None else _gaps(test),
        "baselines": _baselines(statistics),
        "trials": _trial_counts(evidence),
        "ended": None if evidence.effort.ended is None else evidence.effort.ended.as_dict(),
        "left_out": [dataclasses.asdict(trial) for trial in evidence.left_out],
        "foreign_trials": evidence.effort.foreign,
        "folds_trained": evidence.effort.folds_trained,
        "folds_saved": evidence.effort.folds_saved,
        "seconds": evidence.effort.seconds,
        "pruning": None if evidence.effort.pruning is None else dataclasses.asdict(evidence.effort.pruning),
        "search": {"best_by_trial": best_by_trial(evidence, statistics)},
        "tied_with_best": [trial.number for trial in statistics.tied],
        "importances": dict(evidence.importances),
        "positions": _positions(evidence.positions),
        "test_openings": len(evidence.test_openings),
        "test_opened": list(evidence.test_openings),
        "data": _data(evidence),
    }
    return {key: _plain(value) for key, value in result.items()}


def _verdict(evidence: Evidence, statistics: Statistics) -> dict[str, Json] | None:
    points = key_points(evidence, statistics)
    return {"title": points[0].title, "text": points[0].text, "use": statistics.in_use()} if points else None


def _trial_counts(evidence: Evidence) -> dict[str, Json]:
    return {**count_states(evidence.trials), "budget": evidence.effort.budget}


def _best_trial(evidence: Evidence) -> dict[str, Json]:
    chosen = evidence.chosen
    return {
        "number": chosen.number,
        "params": dict(chosen.params),
        "preferred_to": chosen.instead_of,
        "epochs": evidence.final.epochs,
        "networks": evidence.final.networks,
        "network_parameters": sum(layer.parameters for layer in chosen.layers),
    }


def _cv(cv: CrossValidation) -> dict[str, Json]:
    return {
        "fold_accuracies": list(cv.fold_accuracies),
        "mean": cv.mean,
        "std": cv.std,
        "interval95": _interval(cv.corrected.interval),
        "corrected_mean": cv.corrected.corrected_mean,
        "naive_interval95": _interval(cv.corrected.naive_interval),
        **_measured(cv.measured),
    }


def _test(test: Tested) -> dict[str, Json]:
    rates = test.measured.rates
    return {
        "accuracy": rates.accuracy,
        "interval95": _interval(test.interval),
        **_measured(test.measured),
        "unseen_sequences": _slice(test.unseen),
        "seen_sequences": _slice(test.seen),
        "by_length": [_slice(part) for part in test.by_length],
        "by_class": [_slice(part) for part in test.by_class],
        "sequences": test.copies.sequences,
        "accuracy_per_sequence": test.copies.accuracy,
        "worst_sequence": {"n": test.copies.worst_rows, "mistakes": test.copies.worst_mistakes},
    }


def _measured(measured: Measured) -> dict[str, Json]:
    rates, calibration = measured.rates, measured.calibration
    return {
        "loss": measured.log_loss,
        "n": measured.n,
        "confusion": [list(row) for row in rates.confusion],
        "sensitivity": rates.sensitivity,
        "specificity": rates.specificity,
        "balanced_accuracy": rates.balanced_accuracy,
        "mcc": rates.mcc,
        "brier": measured.brier,
        "roc_auc": _area(measured.roc),
        "pr_auc": _area(measured.precision_recall),
        "calibration": {"predicted": calibration.x.tolist(), "observed": calibration.y.tolist()},
    }


def _baselines(statistics: Statistics) -> dict[str, Json]:
    missing = {name: {"cv": None, "test": None} for name in _PROMISED_BASELINES}
    return missing | {baseline.name: _baseline(baseline, statistics.objective) for baseline in statistics.baselines}


def _baseline(baseline: ComparedBaseline, objective: Objective) -> dict[str, Json]:
    return {
        "cv": baseline.cv,
        "test": baseline.test,
        **({"folds": 1} if baseline.on_one_fold else {}),
        "fold_accuracies": list(baseline.fold_accuracies),
        **baseline_figures(baseline, objective),
        **_paired_tests("cv", baseline.paired_in_cv),
        **_paired_tests("test", baseline.paired_on_test),
    }


def _paired_tests(where: str, paired: PairedTests | None) -> dict[str, Json]:
    return {
        f"mcnemar_{where}": None if paired is None else _paired(paired.rows),
        f"mcnemar_{where}_cases": None if paired is None else _paired(paired.cases),
    }


def _data(evidence: Evidence) -> dict[str, Json]:
    data = evidence.contract.data
    return {
        "fingerprint": data.fingerprint,
        "development": len(evidence.development.labels),
        "test": data.test.rows,
        "resistant": evidence.data.resistant,
        "columns": None if data.columns is None else data.columns.model_dump(),
        "cleaning": data.cleaning.model_dump(),
        "ceilings": {summary.encoding: summary.ceiling for summary in evidence.data.encodings},
    }


def _positions(positions: PositionEffects | None) -> dict[str, Json] | None:
    if positions is None:
        return None
    return {
        "encoding": positions.encoding,
        "top": top_positions(positions, 10),
        "effect": positions.effect.tolist(),
        "tried": positions.tried.tolist(),
        "noise": positions.noise,
        "genes": positions.genes,
        "mutants": positions.mutants,
    }


def _interval(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _gaps(test: Tested) -> dict[str, Json]:
    return {"naive": _gap(test.gap), "corrected": _gap(test.corrected_gap)}


def _gap(gap: Gap) -> dict[str, Json]:
    return {
        "difference": gap.difference,
        "interval95": _interval(gap.interval),
        "more_than_noise": gap.is_more_than_noise,
    }


def _area(curve: Curve | None) -> float | None:
    return None if curve is None else curve.area


def _slice(part: Slice | None) -> dict[str, Json] | None:
    if part is None:
        return None
    return {"name": part.name, "n": part.n, "accuracy": part.accuracy, "interval95": _interval(part.interval)}


def _paired(paired: Paired) -> dict[str, Json]:
    return {
        "n": paired.n,
        "only_best_right": paired.only_first_right,
        "only_baseline_right": paired.only_second_right,
        "p": paired.p_value,
    }


def _plain(value: Json) -> Json:
    """Turns numpy scalars into Python's, and numbers that JSON lacks (nan, infinity) into null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
