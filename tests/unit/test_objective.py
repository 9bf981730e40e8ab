"""The scores that trials are compared by: scikit-learn's values, and what each row has to do with them."""

import warnings
from typing import get_args

import numpy as np
import pytest
from sklearn import metrics as sk

from hpo.choices import Objective
from hpo.evaluation.comparison import paired_scores
from hpo.evaluation.intervals import grouped_variance
from hpo.evaluation.objective import BOUNDS, points, points_of_folds, score, scores_of_folds
from hpo.evaluation.selection_bias import correct_selection_bias

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
THEIRS = {
    "accuracy": lambda labels, p: sk.accuracy_score(labels, p > 0.5),
    "balanced_accuracy": lambda labels, p: sk.balanced_accuracy_score(labels, p > 0.5),
    "mcc": lambda labels, p: sk.matthews_corrcoef(labels, p > 0.5),
    "roc_auc": sk.roc_auc_score,
    "log_loss": lambda labels, p: -sk.log_loss(labels, p),
}


def draw(rng: np.random.Generator, rows: int, share: float = 0.2, better: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which few are resistant, and probabilities with many ties that know something of them."""
    labels = rng.random(rows) < share
    logits = rng.normal(0, 1, rows) + (1.2 + better) * labels - 0.8
    return labels, (1 / (1 + np.exp(-logits))).round(2).clip(0.01, 0.99)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("rows", [20, 501])
def test_scores_are_those_of_scikit_learn(objective: Objective, rows: int) -> None:
    rng = np.random.default_rng(0)
    for share in (0.1, 0.3, 0.5, 0.9):
        labels, p = draw(rng, rows, share)
        labels[:2] = True, False
        assert score(objective, labels, p) == pytest.approx(THEIRS[objective](labels, p), abs=1e-12)
        # What is stored is float32, which moves no row across one half.
        stored = score(objective, labels, p.astype(np.float32))
        assert stored == pytest.approx(THEIRS[objective](labels, p), abs=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_points_of_rows_have_the_score_for_their_mean_whatever_the_folds(objective: Objective) -> None:
    rng = np.random.default_rng(1)
    labels, p = draw(rng, 300)
    folds = rng.permutation(np.repeat(np.arange(5), [20, 40, 60, 80, 100]))
    by_fold = [THEIRS[objective](labels[folds == k], p[folds == k]) for k in range(5)]
    assert scores_of_folds(objective, labels, p, folds) == pytest.approx(by_fold, abs=1e-12)
    assert points(objective, labels, p).mean() == pytest.approx(THEIRS[objective](labels, p), abs=1e-12)
    assert points_of_folds(objective, labels, p, folds).mean() == pytest.approx(np.mean(by_fold), abs=1e-12)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_points_of_rows_tell_how_much_a_score_varies(objective: Objective) -> None:
    rng = np.random.default_rng(2)
    samples = [draw(rng, 600) for _ in range(300)]
    varies = np.std([score(objective, *sample) for sample in samples], ddof=1)
    told = [np.sqrt(grouped_variance(points(objective, *one), np.arange(600))) for one in samples[:30]]
    # A standard deviation of 300 scores is known to 4 %.
    assert np.mean(told) == pytest.approx(varies, rel=0.12)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_two_classifiers_are_compared_on_the_same_rows(objective: Objective) -> None:
    rng = np.random.default_rng(3)
    labels, p = draw(rng, 2000, better=1.5)
    worse = np.where(rng.random(2000) < 0.5, p, rng.permutation(p))
    good, bad = (points(objective, labels, one) for one in (p, worse))
    found = paired_scores(good, bad)
    assert found.difference == pytest.approx(score(objective, labels, p) - score(objective, labels, worse))
    assert found.differs
    assert found.first_is_ahead
    assert found.interval.low > 0
    assert not paired_scores(bad, good).first_is_ahead
    same = paired_scores(good, good)
    assert (same.p_value, same.differs, same.interval.contains(0.0)) == (1.0, False, True)
    # A copy of each row is no further witness.
    copies = paired_scores(np.repeat(good, 4), np.repeat(bad, 4), np.repeat(np.arange(2000), 4))
    assert copies.p_value == pytest.approx(found.p_value, rel=0.05, abs=1e-12)


@pytest.mark.parametrize("labels", [np.ones(4, dtype=bool), np.zeros(4, dtype=bool)])
def test_rows_of_one_class_have_a_score_too(labels: np.ndarray) -> None:
    p = np.array([0.9, 0.8, 0.7, 0.2])
    right = float(((p > 0.5) == labels).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {objective: score(objective, labels, p) for objective in OBJECTIVES}
    assert (found["accuracy"], found["balanced_accuracy"]) == (right, pytest.approx(right))
    assert (found["mcc"], found["roc_auc"]) == (0.0, 0.5)


def test_a_confident_mistake_has_a_number_within_bounds() -> None:
    labels, p = np.array([True, False]), np.array([0.0, 1.0], dtype=np.float32)
    assert score("log_loss", labels, p) == pytest.approx(BOUNDS["log_loss"].low)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_luck_of_the_best_of_many_is_corrected_for(objective: Objective) -> None:
    """Every trial knows as much: the best is best by luck alone."""
    rng = np.random.default_rng(4)
    truth = np.mean([score(objective, *draw(rng, 5000)) for _ in range(10)])
    naive, corrected, contained = [], [], []
    for _ in range(25):
        labels, folds = rng.random(300) < 0.2, np.arange(300) % 5
        trials = [1 / (1 + np.exp(-(rng.normal(0, 1, 300) + 1.2 * labels - 0.8))) for _ in range(20)]
        of_trials = np.stack([points_of_folds(objective, labels, p, folds) for p in trials], axis=1)
        winner = int(of_trials.mean(axis=0).argmax())
        found = correct_selection_bias(of_trials, winner, bounds=BOUNDS[objective], replicates=20)
        naive.append(found.naive_mean)
        corrected.append(found.corrected_mean)
        contained.append(found.interval.contains(truth))
    assert np.mean(naive) - truth > 3 * abs(np.mean(corrected) - truth)
    assert np.mean(contained) >= 0.85


def test_an_accuracy_is_corrected_for_the_choice_by_another_objective() -> None:
    """Where the choice has nothing to do with accuracy, its luck flatters no accuracy."""
    rng = np.random.default_rng(5)
    right, elsewhere = rng.random((400, 30)) < 0.9, rng.normal(0, 1, (400, 30))
    winner = int(elsewhere.mean(axis=0).argmax())
    found = correct_selection_bias(right, winner, chosen_by=elsewhere)
    by_itself = correct_selection_bias(right, int(right.mean(axis=0).argmax()))
    assert abs(found.correction) < abs(by_itself.correction) / 2
    same = correct_selection_bias(right, winner, chosen_by=right.astype(float))
    assert same == correct_selection_bias(right, winner)
