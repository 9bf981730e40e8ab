"""The parts of a made-up study: guesses, curves, trials, its contract, what its data are like."""

import numpy as np

from hpo.evaluation.baselines import Baseline
from hpo.report.evidence import (
    DevelopmentSet,
    FinishedTrial,
    TestSet,
)
from hpo.search.space import read_space
from hpo.study.contract import Contract, parse
from model.configuration import TrainingSettings, original_configuration
from model.epochs import Curves
from model.inspection import EncodingInspection, Inspection, Lengths


def guess(labels: np.ndarray, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """Probabilities whose calls are right for about that share of the rows."""
    right = rng.random(len(labels)) < accuracy
    sure = 0.5 + 0.49 * rng.random(len(labels))
    return np.where(right == labels, sure, 1 - sure)


def as_baseline(
    name: str, accuracy: float, development: DevelopmentSet, test: TestSet, rng: np.random.Generator
) -> Baseline:
    probabilities = guess(development.labels, accuracy, rng)
    right = (probabilities >= 0.5) == development.labels
    folds = tuple(float(right[development.folds == k].mean()) for k in range(5))
    on_test = guess(test.labels, accuracy, rng)
    return Baseline(name, folds, probabilities, on_test, float(((on_test >= 0.5) == test.labels).mean()))


def make_curves(rng: np.random.Generator, epochs: int = 20) -> Curves:
    time = np.arange(epochs)
    loss = 0.15 + 0.5 * np.exp(-time / 4)
    held_out = loss + 0.002 * time + rng.normal(0, 0.01, epochs)
    return Curves(
        train_loss=loss.tolist(),
        train_accuracy=(1 - loss / 2.2).tolist(),
        validation_loss=held_out.tolist(),
        validation_accuracy=(1 - held_out / 2).tolist(),
    )


def make_trials(numbers: tuple[int, ...], correct: np.ndarray, folds: np.ndarray) -> tuple[FinishedTrial, ...]:
    rng = np.random.default_rng(1)
    trials = []
    for number in range(max(numbers) + 3):
        params = {
            "encoding": "amino_acid" if number % 3 == 0 else "codon",
            "hidden_size": 62 if number == 0 else int(rng.integers(16, 128)),
            "layers": 2 if number % 2 == 0 else 1,
            "dropout": float(rng.uniform(0, 0.5)),
            "pooling": ("last", "mean", "max")[number % 3],
            "learning_rate": float(10 ** rng.uniform(-4, -2)),
        }
        common = {"number": number, "params": params, "seconds": 62.0, "network_parameters": 10_000 + number}
        if number in numbers:
            column = correct[:, numbers.index(number)]
            accuracies = tuple(float(column[folds == k].mean()) for k in range(5))
            trials.append(FinishedTrial(state="COMPLETE", fold_accuracies=accuracies, chosen_epoch=11, **common))
        elif number % 7 == 4:
            trials.append(
                FinishedTrial(state="FAIL", fold_accuracies=(), chosen_epoch=None, reason="The loss is nan.", **common)
            )
        else:
            trials.append(FinishedTrial(state="PRUNED", fold_accuracies=(0.78, 0.8), chosen_epoch=9, **common))
    return tuple(trials)


def made_contract() -> Contract:
    """As `create-study` freezes it, over a space of every kind of entry."""
    space = read_space(None, "dna").model_dump()["parameters"] | {
        "encoding": {"kind": "choices", "choices": ["amino_acid", "codon"]},
        "hidden_size": {"kind": "range", "low": 16, "high": 128, "log": True},
        "pooling": {"kind": "choices", "choices": ["last", "mean", "max"]},
        "layers": {"kind": "fixed", "value": 2},
    }
    data = {"source": "genes.csv", "fingerprint": "ab" * 32, "alphabet": "dna", "ambiguous_letters": 12}
    rows = {"artifact": "0" * 64, "fingerprint": "cd" * 32, "resistant": 100}
    document = {
        "format": 1,
        "study": "synthetic genes",
        "created": "2026-01-01T10:00:00Z",
        "seed": 3,
        "data": {**data, "development": {**rows, "rows": 500}, "test": {**rows, "rows": 200}},
        "splitting": {"folds": 5, "test_size": 0.2, "seed": 3, "duplicates": "together"},
        "search": {"sampler": "tpe", "pruner": "paired", "startup_trials": 10, "space": {"parameters": space}},
        "training": TrainingSettings(max_epochs=30, patience=10, genetic_code=11).as_dict(),
        "baseline": original_configuration("dna").as_dict(),
        "leases": {"beat_interval_s": 10, "timeout_s": 60, "max_deaths": 3},
        "versions": {"hpo": "0.1.0", "torch": "2.13.0"},
    }
    return parse(document, "synthetic genes")


def made_inspection(rows: int, resistant: int) -> Inspection:
    """Of genes that are cut short, ambiguous, repeated and contradictory."""
    tokens = Lengths(40, 233.0, 303)
    return Inspection(
        rows=rows,
        resistant=resistant,
        susceptible=rows - resistant,
        resistant_share=resistant / rows,
        majority_accuracy=max(resistant, rows - resistant) / rows,
        alphabet="dna",
        length=Lengths(120, 700.0, 910),
        ambiguous_letters=12,
        ambiguous_share=12 / (700 * rows),
        genetic_code=11,
        encodings=(
            EncodingInspection("amino_acid", tokens, 410, 33, 33 / rows, 9, 21, 0.986),
            EncodingInspection("codon", tokens, rows, 1, 1 / rows, 0, 0, 1.0),
        ),
        mutations=None,
        divergence=0.625,
    )
