"""A made-up study, as the report sees it: 500 development and 200 test rows, ten complete trials."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.evaluation.baselines import Baseline
from hpo.report import make_report, write_report
from hpo.report.evidence import (
    ChosenTrialDetails,
    DevelopmentSet,
    Effort,
    Evidence,
    FinalModel,
    FinishedTrial,
    Layer,
    Original,
    OutOfFold,
    PositionEffects,
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


def made_evidence(
    *, accuracy: float = 0.93, baseline: float = 0.75, test_accuracy: float = 0.92, rows: int = 500, **changes: Any
) -> Evidence:
    """The study; its chosen trial, a plain baseline and the test as good as asked for."""
    rng = np.random.default_rng(7)
    labels, test_labels = rng.random(rows) < 0.5, rng.random(200) < 0.5
    development = DevelopmentSet(labels=labels, groups=np.arange(rows) // 2 * 2, folds=np.arange(rows) // 2 % 5)
    test = TestSet(
        labels=test_labels,
        probabilities=guess(test_labels, test_accuracy, rng).astype(np.float32),
        unseen=np.arange(200) % 4 > 0,
        lengths=rng.integers(40, 300, 200),
        groups=np.arange(200),
    )
    numbers = (0, 1, 2, 3, 6, 8, 9, 10, 12, 15)
    columns = [guess(labels, 0.78 if n == 0 else accuracy - 0.008 * (n % 5), rng) for n in numbers]
    correct = np.stack([(column >= 0.5) == labels for column in columns], axis=1)
    trials = make_trials(numbers, correct, development.folds)
    best = max((t for t in trials if t.state == "COMPLETE"), key=lambda trial: trial.mean or 0)
    evidence = Evidence(
        study="synthetic genes",
        finished="2026-01-01T11:00:00Z",
        effort=Effort(budget=len(trials), folds_trained=62, folds_saved=24, seconds=3720.0),
        contract=made_contract(),
        data=made_inspection(rows + 200, int(labels.sum() + test_labels.sum())),
        early_stops=44,
        trials=trials,
        chosen=ChosenTrialDetails(
            number=best.number,
            params=best.params,
            chosen_epoch=11,
            fold_curves=tuple(make_curves(rng) for _ in range(5)),
            probabilities=columns[numbers.index(best.number)],
            layers=(
                Layer(name="Embedding", output="T × 50", parameters=1150),
                Layer(name="BiLSTM 1", output="T × 124", parameters=56_544, note="dropout 0.18"),
                Layer(name="BiLSTM 2", output="T × 124", parameters=93_248, note="dropout 0.18"),
                Layer(name="Mean over tokens", output="124", parameters=0),
                Layer(name="Sigmoid unit", output="1", parameters=125),
            ),
        ),
        development=development,
        out_of_fold=OutOfFold(numbers=numbers, correct=correct),
        final=FinalModel(epochs=11, curves=make_curves(rng, 11)),
        test_openings=("2026-01-01T11:00:00Z",),
        test=test,
        original=Original(
            number=0,
            fold_accuracies=trials[0].fold_accuracies,
            correct=correct[:, 0],
            test_probabilities=guess(test_labels, 0.76, rng),
        ),
        baselines=(
            as_baseline("majority", 0.5, development, test, rng),
            as_baseline("identical_sequence", 0.55, development, test, rng),
            as_baseline("logistic_regression", baseline, development, test, rng),
        ),
        importances={"encoding": 0.5, "hidden_size": 0.3, "dropout": 0.2},
        positions=PositionEffects(
            effect=np.where(np.arange(80) % 5, rng.random(80) ** 6, 0),
            tried=np.arange(80) % 5 > 0,
            commonest=("K",) * 80,
            encoding="amino_acid",
            genes=32,
            mutants=4100,
            of_test=True,
        ),
    )
    return replace(evidence, **changes)


@pytest.fixture(scope="session")
def make_evidence() -> Callable[..., Evidence]:
    return made_evidence


@pytest.fixture(scope="session")
def change_contract() -> Callable[..., Evidence]:
    """Gives a study other values in one part of its contract."""

    def change(evidence: Evidence, part: str, **values: Any) -> Evidence:
        document = evidence.contract.model_dump(mode="json")
        document[part] |= values
        return replace(evidence, contract=parse(document, evidence.study))

    return change


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    return made_evidence()


@pytest.fixture(scope="session")
def sealed(evidence: Evidence) -> Evidence:
    """The same study, its test set never opened."""
    closed = tuple(replace(baseline, test_probabilities=None, test_accuracy=None) for baseline in evidence.baselines)
    assert evidence.original is not None
    original = replace(evidence.original, test_probabilities=None)
    return replace(evidence, test=None, test_openings=(), baselines=closed, original=original)


@pytest.fixture(scope="session")
def written(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "new folder"
    (folder / "plots").mkdir(parents=True)
    (folder / "plots" / "of_an_earlier_report.png").touch()
    (folder / "result.json").write_text("{}")
    result = write_report(make_report(evidence), folder)
    assert json.loads((folder / "result.json").read_text()) == result
    return folder


@pytest.fixture(scope="session")
def result(written: Path) -> dict[str, Any]:
    return json.loads((written / "result.json").read_text())
