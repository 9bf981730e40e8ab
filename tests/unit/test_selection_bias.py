"""The corrected cross-validation score, where the truth is known."""

import numpy as np
import pytest

from hpo.evaluation.intervals import accuracy_interval, wilson
from hpo.evaluation.selection_bias import correct_selection_bias


def null_study(rng: np.random.Generator, rows: int = 400, configurations: int = 40) -> np.ndarray:
    """Every configuration has a true accuracy of 0.9: the best of them is best by luck alone."""
    return rng.random((rows, configurations)) < 0.9


@pytest.mark.slow
def test_corrects_the_luck_of_the_best_of_many() -> None:
    rng = np.random.default_rng(0)
    studies = [null_study(rng) for _ in range(150)]
    found = [correct_selection_bias(s, int(s.mean(axis=0).argmax()), replicates=60) for s in studies]
    naive = np.mean([result.naive_mean for result in found])
    corrected = np.mean([result.corrected_mean for result in found])
    assert naive > 0.925
    # The corrected score of one study has a standard deviation of 0.01: the mean of 150 one of 0.0008.
    assert corrected == pytest.approx(0.9, abs=0.003)
    assert np.mean([result.interval.contains(0.9) for result in found]) >= 0.93


def test_stays_near_the_truth_where_configurations_differ() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(150):
        truth = rng.normal(0.88, 0.02, 40)
        correct = rng.random((400, 40)) < truth
        winner = int(correct.mean(axis=0).argmax())
        errors.append(correct_selection_bias(correct, winner, replicates=30).corrected_mean - truth[winner])
    # The error of one study has a standard deviation of 0.016: the mean of 150 one of 0.0013.
    assert abs(np.mean(errors)) < 0.006


def test_leaves_a_clear_winner_alone() -> None:
    rng = np.random.default_rng(0)
    correct = np.concatenate([rng.random((500, 1)) < 0.95, rng.random((500, 9)) < 0.7], axis=1)
    found = correct_selection_bias(correct, 0)
    assert found.corrected_mean == found.naive_mean == correct[:, 0].mean()


def test_a_simpler_winner_keeps_its_own_score_and_pays_for_the_choice_of_the_best() -> None:
    rng = np.random.default_rng(0)
    correct = np.concatenate([null_study(rng), rng.random((400, 1)) < 0.88], axis=1)
    best, simple = int(correct.mean(axis=0).argmax()), 40
    of_best, of_simple = correct_selection_bias(correct, best), correct_selection_bias(correct, simple, best=best)
    assert of_simple.naive_mean == correct[:, simple].mean() < of_best.naive_mean
    assert of_simple.correction == of_best.correction < 0
    assert of_simple.corrected_mean == of_simple.naive_mean + of_simple.correction
    assert of_simple.interval.low < of_simple.corrected_mean < of_simple.interval.high < of_best.interval.high
    assert correct_selection_bias(correct, best, best=best) == of_best


def test_one_configuration_needs_no_correction() -> None:
    correct = np.random.default_rng(0).random((300, 1)) < 0.8
    found = correct_selection_bias(correct, 0, naive_mean=0.81)
    assert (found.correction, found.corrected_mean, found.configurations) == (0, 0.81, 1)
    # Wider by the root of 1.25, since the networks of the folds share training rows.
    width, naive = (i.high - i.low for i in (found.interval, found.naive_interval))
    assert width == pytest.approx(1.25**0.5 * naive, rel=0.01)


def test_the_interval_is_as_wide_as_one_of_the_corrected_accuracy() -> None:
    """The best of many is right more often by luck, and an accuracy of 92 % varies less than one of 90 %."""
    correct = null_study(np.random.default_rng(1))
    found = correct_selection_bias(correct, int(correct.mean(axis=0).argmax()))
    assert found.naive_mean > 0.92 > 0.91 > found.corrected_mean
    same = wilson(found.corrected_mean, 400 / 1.25)
    assert (found.interval.low, found.interval.high) == pytest.approx((same.low, same.high), abs=1e-4)


def test_the_commonest_sequence_is_no_draw() -> None:
    """The ancestor's own sequence is in any sample: that a network is right about it is not luck of the sample."""
    rng = np.random.default_rng(0)
    alone, pairs = (rng.random((600, 1)) < 0.88), np.repeat(rng.random((200, 1)) < 0.88, 2, axis=0)
    ancestor = np.ones((300, 1), dtype=bool)
    groups = np.concatenate([np.arange(600), np.repeat(np.arange(600, 800), 2), np.full(300, 800)])
    found = correct_selection_bias(np.concatenate([alone, pairs, ancestor]), 0, groups)
    without = correct_selection_bias(np.concatenate([alone, pairs]), 0, groups[:1000])
    half, rest = ((i.high - i.low) / 2 for i in (found.interval, without.interval))
    # It is 300 of 1,300 rows: the others alone make the interval vary.
    assert half == pytest.approx(rest * 1000 / 1300, rel=0.1)
    as_a_draw = accuracy_interval(np.concatenate([alone, pairs, ancestor])[:, 0], groups)
    assert half < (as_a_draw.high - as_a_draw.low) / 2 / 1.5


def test_same_seed_same_numbers() -> None:
    correct = null_study(np.random.default_rng(0))
    first, second, other = (correct_selection_bias(correct, 3, replicates=50, seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert first.corrected_mean != other.corrected_mean


def test_copies_of_rows_are_drawn_together() -> None:
    correct = null_study(np.random.default_rng(0), rows=200)
    winner = int(correct.mean(axis=0).argmax())
    copies, groups = np.repeat(correct, 5, axis=0), np.repeat(np.arange(200), 5)
    alone = correct_selection_bias(correct, winner)
    together = correct_selection_bias(copies, winner, groups)
    apart = correct_selection_bias(copies, winner)
    assert together == alone
    assert apart.correction > together.correction  # blind to copies, it would take the luck for knowledge


@pytest.mark.slow
def test_a_few_large_groups_do_not_make_sure() -> None:
    """A few sequences hold most rows, and a network that understands a sequence is right about all of its copies."""
    rng = np.random.default_rng(0)
    sizes = np.concatenate([np.full(15, 40), np.ones(300, dtype=np.int64)])
    groups, covered = np.repeat(np.arange(len(sizes)), sizes), []
    for _ in range(200):
        truth = rng.normal(0.88, 0.04, 20).clip(0.5, 0.97)
        correct = (rng.random((len(sizes), 20)) < truth)[groups]
        winner = int(correct.mean(axis=0).argmax())
        found = correct_selection_bias(correct, winner, groups, replicates=40)
        covered.append(found.interval.contains(truth[winner]))
    # 200 intervals: a coverage of 95 % has a standard error of 1.5 points here.
    assert np.mean(covered) >= 0.92


def test_few_groups_still_give_an_answer() -> None:
    correct = np.array([[True, False], [True, True]])
    found = correct_selection_bias(correct, 0, np.array([7, 7]))
    assert found.replicates == 0
    assert found.corrected_mean == 1
    assert found.interval.low < 0.3


@pytest.mark.parametrize("winner", [-1, 2])
def test_refuses_a_winner_that_is_no_column(winner: int) -> None:
    with pytest.raises(ValueError, match="winner"):
        correct_selection_bias(np.ones((5, 2), dtype=bool), winner)
    with pytest.raises(ValueError, match="as the best"):
        correct_selection_bias(np.ones((5, 2), dtype=bool), 0, best=winner)
