"""Imbalanced genes searched by another objective than accuracy, from the command line to the report."""

import csv
import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

import hpo as from_python
from recomputed.formulas import Z, corrected, variance
from recomputed.stored import FOLDS, Stored

JOB = ("run", "few.csv", "--study", "s", "--trials", "5", "--space", "space.toml", "--max-epochs", "4")
MORE = ("--workers", "1", "--original", "skip", "--output", "report")
ASKED = ("--objective", "balanced_accuracy")


@pytest.fixture(scope="module")
def searched(workplace, tmp_path_factory):
    """Genes of which one in eight is resistant, searched and answered; what that said on stderr and stdout."""
    hpo = workplace(tmp_path_factory.mktemp("imbalanced"))
    hpo.ok("simulate", "all.csv", "--genes", "700", "--codons", "20", "--seed", "3")
    with (hpo.folder / "all.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    label = header.index("resistant")
    by_label = {one: [row for row in rows if row[label] == one] for one in "01"}
    with (hpo.folder / "few.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *by_label["0"][:245], *by_label["1"][:35]])
    done = hpo.run(*JOB, *MORE, *ASKED)
    assert done.returncode == 0, done.stderr
    return hpo, done


@pytest.fixture(scope="module")
def study(searched) -> Stored:
    return Stored(searched[0].folder, "report", opened=True)


def scores_of(study: Stored, column: int) -> list[float]:
    """Of each fold, from the stored probabilities."""
    called = study.out_of_fold(study.complete[column]) > 0.5
    parts = [study.folds == fold for fold in range(FOLDS)]
    return [balanced_accuracy_score(study.labels[part], called[part]) for part in parts]


def points_of(labels: np.ndarray, right: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """What each row has to do with the mean of the folds' balanced accuracies, row by row."""
    given, scores = np.empty(len(labels)), []
    for fold in np.unique(folds):
        rates = {kind: right[(folds == fold) & (labels == kind)].mean() for kind in (True, False)}
        scores.append((rates[True] + rates[False]) / 2)
        for row in np.flatnonzero(folds == fold):
            alike = ((folds == fold) & (labels == labels[row])).sum()
            influence = (right[row] - rates[bool(labels[row])]) / 2 / alike
            given[row] = influence * len(labels) / len(np.unique(folds))
    return given + np.mean(scores)


def best_of(study: Stored) -> int:
    """The column of the trial with the highest score, of equal ones the first."""
    return int(np.argmax([np.mean(scores_of(study, column)) for column in range(len(study.complete))]))


def normal(mean: float, spread: float) -> list[float]:
    half = Z * math.sqrt(spread)
    return [max(0.0, mean - half), min(1.0, mean + half)]


def test_the_best_by_the_objective_is_chosen(study: Stored) -> None:
    scores = [np.mean(scores_of(study, column)) for column in range(len(study.complete))]
    assert [trial.value for trial in study.complete] == pytest.approx(scores)
    assert study.winner == best_of(study)
    assert study.contract.search.pruner == "paired"


def test_every_figure_by_the_objective_is_computed_again(study: Stored) -> None:
    figures, winner = study.result["objective"], study.winner
    points = np.stack([points_of(study.labels, right, study.folds) for right in study.correct.T], axis=1)
    scores, seed = scores_of(study, winner), study.contract.seed
    again = corrected(points, winner, winner, study.groups, float(np.mean(scores)), seed)
    assert figures["name"] == "balanced_accuracy"
    assert figures["cv"] == {
        "fold_scores": pytest.approx(scores),
        "mean": pytest.approx(np.mean(scores)),
        "corrected_mean": pytest.approx(again["mean"], abs=1e-5),
        "interval95": pytest.approx(normal(again["mean"], again["spread"]), abs=1e-5),
        "naive_interval95": pytest.approx(normal(float(np.mean(scores)), again["alone"]), abs=1e-5),
    }
    assert study.test is not None
    labels, called = study.test.labels, study.probabilities > 0.5
    score = balanced_accuracy_score(labels, called)
    on_test = points_of(labels, called == labels, np.zeros(len(labels)))
    assert figures["test"] == {
        "score": pytest.approx(score),
        "interval95": pytest.approx(normal(score, variance(on_test, study.test_groups)), abs=1e-5),
    }
    # Accuracies are corrected for a choice that was not made by them.
    accuracies = study.accuracies(winner)
    told = corrected(study.correct, winner, winner, study.groups, accuracies.mean(), seed, by=points)
    assert study.result["cv"]["fold_accuracies"] == pytest.approx(accuracies.tolist())
    assert study.result["cv"]["corrected_mean"] == pytest.approx(told["mean"], abs=1e-5)


def test_it_is_told_under_its_name(searched, study: Stored) -> None:
    hpo, done = searched
    best = study.complete[best_of(study)]
    assert "Trials are compared by balanced accuracy, so they are pruned by paired" in done.stderr
    assert "best CV balanced accuracy 0." in done.stderr
    assert "By balanced accuracy" in done.stdout
    status: dict[str, Any] = hpo.json("status")
    assert (status["objective"], status["best"]["number"]) == ("balanced_accuracy", best.number)
    assert status["best"]["cv_score"] == pytest.approx(best.value)
    assert status["best"]["cv_accuracy"] == pytest.approx(np.mean(best.user_attrs["fold_accuracies"]))
    assert "best CV balanced accuracy" in hpo.ok("status")
    for page in ("report.html", "report.md"):
        text = (study.folder / page).read_text()
        assert "Trials were compared by balanced accuracy" in text
        assert "mean of these accuracies" not in text
    assert "compared by balanced accuracy" in (study.folder / "model/README.md").read_text()


def test_it_is_listed_exported_and_set_beside_another(searched, study: Stored) -> None:
    hpo, _ = searched
    best = study.complete[best_of(study)]
    (listed,) = hpo.json("studies")["studies"]
    assert listed["best_cv_score"] == pytest.approx(best.value)
    assert "balanced accuracy" in hpo.ok("studies")
    hpo.ok("export", "--output", "tables")
    with (hpo.folder / "tables/trials.csv").open(newline="") as file:
        table = {int(row["trial"]): row for row in csv.DictReader(file)}
    assert float(table[best.number]["cv_balanced_accuracy"]) == pytest.approx(best.value)
    assert float(table[best.number]["cv_accuracy"]) == pytest.approx(np.mean(best.user_attrs["fold_accuracies"]))
    with (hpo.folder / "tables/curves.csv").open(newline="") as file:
        at_its_epoch = [
            float(row["validation_balanced_accuracy"])
            for row in csv.DictReader(file)
            if int(row["trial"]) == best.number and int(row["epoch"]) == best.user_attrs["hpo:epochs"]
        ]
    assert at_its_epoch == pytest.approx(best.user_attrs["fold_scores"])
    storage = f"sqlite:///{hpo.folder / 'hpo.db'}"
    rows = from_python.trials(from_python.open_study("s", storage=storage))
    told = {row["number"]: row for row in (rows if isinstance(rows, list) else rows.to_dict("records"))}
    assert told[best.number]["cv_balanced_accuracy"] == best.value
    compared = hpo.json("compare", "s", "s")
    assert (compared["objective"], compared["difference"], compared["p_value"]) == ("balanced_accuracy", 0.0, 1.0)


def test_the_same_command_goes_on_and_another_objective_is_refused_by_its_option(searched) -> None:
    hpo, _ = searched
    assert "was answered on" in hpo.run(*JOB, *MORE, *ASKED).stderr
    other = hpo.run(*JOB, *MORE)
    assert other.returncode == 1
    assert "--objective: balanced_accuracy in the study, accuracy here" in " ".join(other.stderr.split())


def test_what_goes_by_accuracies_is_refused_where_another_objective_is_asked_for(hpo) -> None:
    made = ("create-study", "genes.csv", "--study", "s", "--trials", "2")
    refused = hpo.run(*made, "--objective", "mcc", "--pruner", "chance")
    assert refused.returncode == 2
    assert "--pruner chance goes by the chance" in refused.stderr
    assert "--objective is mcc" in " ".join(refused.stderr.split())
    unknown = hpo.run(*made, "--objective", "f1")
    assert unknown.returncode == 2
    assert "'f1' is not one of" in " ".join(unknown.stderr.split())
