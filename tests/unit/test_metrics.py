"""Rates against hand counts, curves and areas, slices."""

import numpy as np
import pytest

from hpo.evaluation.calls import called_resistant
from hpo.evaluation.metrics import measure, rates, slice_accuracy, slices_by_length


def test_rates_by_hand() -> None:
    labels = np.repeat(np.array([False, True]), (6, 4))
    called = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 0], dtype=bool)
    found = rates(labels, called)
    assert found.confusion == ((5, 1), (1, 3))
    assert found.accuracy == 0.8
    assert found.sensitivity == 0.75
    assert found.specificity == pytest.approx(5 / 6)
    assert found.balanced_accuracy == pytest.approx((0.75 + 5 / 6) / 2)
    assert found.mcc == pytest.approx((3 * 5 - 1 * 1) / (4 * 4 * 6 * 6) ** 0.5)


def test_a_half_is_not_called_resistant() -> None:
    assert called_resistant(np.array([0.4999, 0.5, 0.9], dtype=np.float32)).tolist() == [False, False, True]


def test_losses_by_hand() -> None:
    labels, p = np.array([True, False]), np.array([0.8, 0.4])
    found = measure(labels, p)
    assert found.log_loss == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert found.brier == pytest.approx((0.2**2 + 0.4**2) / 2)
    assert found.roc is not None
    assert found.roc.area == 1


def test_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    labels, p = rng.random(80) < 0.4, rng.random(80)
    found = measure(labels, p).roc
    assert found is not None
    assert found.area == pytest.approx(np.mean(p[labels][:, None] > p[~labels][None, :]))


def test_one_class_has_no_curve_and_a_confident_mistake_no_infinity() -> None:
    found = measure(np.ones(3, dtype=bool), np.array([0.0, 1.0, 1.0]))
    assert (found.roc, found.precision_recall, found.rates.specificity) == (None, None, None)
    assert found.rates.balanced_accuracy == pytest.approx(2 / 3)
    assert np.isfinite(found.log_loss)


def test_calibrated_predictions_lie_on_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    found = measure(rng.random(20_000) < p, p).calibration
    assert len(found.x) == 10
    assert found.y == pytest.approx(found.x, abs=0.04)


def test_slices_by_length_part_all_rows_once() -> None:
    lengths = np.repeat(np.array([10, 20, 300]), (50, 30, 20))
    correct = lengths != 20
    found = slices_by_length(correct, lengths)
    assert sum(part.n for part in found) == 100
    assert [part.name for part in found] == ["10", "20", "300"]
    assert [part.accuracy for part in found] == [1, 0, 1]
    assert slice_accuracy("none", correct, lengths > 400) is None


def test_genes_cut_short_stand_apart_from_whole_ones() -> None:
    lengths = np.concatenate([np.arange(10, 30), np.full(80, 300)])
    found = slices_by_length(lengths > 15, lengths)
    assert [(part.name, part.n) for part in found] == [("10 to 29", 20), ("300", 80)]


def test_a_slice_of_copies_has_a_wide_interval() -> None:
    correct, copies = np.arange(100) < 80, np.arange(100) // 20
    alone = slice_accuracy("all", correct, np.ones(100, dtype=bool))
    grouped = slice_accuracy("all", correct, np.ones(100, dtype=bool), copies)
    assert alone is not None
    assert grouped is not None
    assert grouped.interval.low < alone.interval.low - 0.1
