"""Effort, best trial, ties, importances and data, computed again."""

import math
import warnings
from collections import Counter
from typing import Any

import numpy as np
import optuna

from recomputed.formulas import Z, variance
from recomputed.stored import FOLDS, Stored, words


def effort(study: Stored) -> dict[str, Any]:
    states = Counter(trial.state.name for trial in study.trials)
    records = [record for trial in study.trials for record in study.records(trial)]
    pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
    return {
        "study": "s",
        "trials": {
            "complete": states["COMPLETE"],
            "pruned": states["PRUNED"],
            "failed": states["FAIL"],
            "budget": study.opened.budget,
        },
        "left_out": [],
        "foreign_trials": 0,
        "folds_trained": len(records),
        "folds_saved": sum(FOLDS - len(study.records(trial)) for trial in pruned),
        "seconds": sum(record["seconds"] for record in records),
    }


def best_trial(study: Stored) -> dict[str, Any]:
    """The highest score, or the fewest parameters among those that cannot be told from it."""
    column = simplest(study) if study.folder.name == "simplest" else study.best
    trial, best = study.complete[column], study.complete[study.best]
    return {
        "number": trial.number,
        "params": trial.user_attrs["hpo:config"],
        "preferred_to": None if column == study.best else best.number,
        "epochs": trial.user_attrs["hpo:epochs"],
        "networks": len(study.model.networks),
        "network_parameters": parameters(study, column),
    }


def best_by_trial(study: Stored) -> list[dict[str, Any]]:
    """The highest score of the complete trials, up to each trial."""
    scores = {trial.number: study.accuracies(column).mean() for column, trial in enumerate(study.complete)}
    numbers = [trial.number for trial in study.trials]
    return [{"trial": at, "best": max((scores[n] for n in scores if n <= at), default=None)} for at in numbers]


def simplest(study: Stored) -> int:
    candidates = [study.best, *tied(study, study.best)]
    return min(candidates, key=lambda column: (parameters(study, column), -study.accuracies(column).mean(), column))


def parameters(study: Stored, column: int) -> int:
    """Weights of a trial's network, counted by hand."""
    config = study.complete[column].user_attrs["hpo:config"]
    rows = words(study.development, config["encoding"])
    vocabulary = {"nucleotide": 4, "codon": 64, "amino_acid": 20}[config["encoding"]] + 2
    embedding, hidden = config["embedding_size"], config["hidden_size"]
    count = vocabulary * embedding + 2 * hidden + 1
    if config["positions"] == "learned":
        count += max(map(len, rows)) * embedding
    if config["linear"] == "by_position":
        count += max(map(len, rows)) * vocabulary
    if config["linear"] == "by_kmer":
        count += vocabulary ** max(k for k in range(1, 7) if k == 1 or vocabulary**k <= 60_000)
    for layer in range(config["layers"]):
        reads = 2 * hidden if layer else embedding
        count += 2 * 4 * hidden * (reads + hidden + 2)
    return count


def tied(study: Stored, winner: int) -> list[int]:
    """Columns whose difference to the winner is within 1.96 standard errors, the best first."""
    found = []
    for column in range(len(study.complete)):
        difference = study.correct[:, winner].astype(int) - study.correct[:, column].astype(int)
        if column != winner and abs(difference.mean()) <= Z * math.sqrt(variance(difference, study.groups)):
            found.append(column)
    return sorted(found, key=lambda column: (-study.accuracies(column).mean(), column))


def importances(study: Stored) -> dict[str, float]:
    """By Optuna's own evaluator, of the complete trials as stored, where five or more have all hyperparameters."""
    space = list(study.contract.search.space.searched)
    whole = [trial for trial in study.complete if set(space) <= set(trial.params)]
    if len(whole) < 5:
        return {}
    names = [name for name in space if len({trial.params[name] for trial in whole}) > 1]
    copy = optuna.create_study(direction="maximize")
    copy.add_trials(whole)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is called experimental
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=study.contract.seed)
        return optuna.importance.get_param_importances(copy, evaluator=evaluator, params=names)


def data(study: Stored) -> dict[str, Any]:
    labels = study.everyone.labels
    return {
        "fingerprint": study.contract.data.fingerprint,
        "development": len(study.labels),
        "test": study.contract.data.test.rows,
        "resistant": int(labels.sum()),
        "ceilings": {name: ceiling(study, name, labels) for name in ("nucleotide", "codon", "amino_acid")},
        "columns": {
            "sequence": "sequence",
            "label": "resistant",
            "id": "id",
            "ignored": [],
            "also_ignored": 0,
            "where": {},
        },
        # Simulated genes need no cleaning, and the user asked for none.
        "cleaning": {
            "gaps": "error",
            "odd_letters": "error",
            "inner_stops": None,
            "missing": "error",
            "gaps_removed": {},
            "gaps_kept": {},
            "read_as_unknown": {},
            "cut": 0,
            "dropped": {},
        },
    }


def ceiling(study: Stored, encoding, labels: np.ndarray) -> float:
    """Each sequence says its commoner label."""
    counts: dict[tuple[int, ...], list[int]] = {}
    for word, label in zip(words(study.everyone, encoding), labels, strict=True):
        counts.setdefault(word, [0, 0])[int(label)] += 1
    return sum(map(max, counts.values())) / len(labels)
