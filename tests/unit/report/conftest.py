"""A made-up study, as the report sees it: 500 development and 200 test rows, ten complete trials."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.report.evidence import (
    ChosenTrialDetails,
    DevelopmentSet,
    Effort,
    Evidence,
    FinalModel,
    Layer,
    Original,
    OutOfFold,
    PositionEffects,
    TestSet,
)
from hpo.report.plots import Plot, draw_plots
from hpo.report.report import make_report
from hpo.report.statistics import derive
from hpo.report.writing import write_report
from hpo.study.contract import parse
from made_up_study import as_baseline, guess, made_contract, made_inspection, make_curves, make_trials


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
def figures(evidence: Evidence) -> dict[str, Plot]:
    return draw_plots(evidence, derive(evidence))


@pytest.fixture
def words_alone(figures: dict[str, Plot], monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts figures that were drawn once into every report, whatever it is of: for tests of what stands beside them."""
    monkeypatch.setattr("hpo.report.report.draw_plots", lambda *_: figures)


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
