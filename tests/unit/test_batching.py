"""Merged rows stand for all rows; an epoch uses each of them once, alike in weight, cut by length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batching import (
    Examples,
    Pace,
    consensus,
    evaluation_batches,
    merge,
    pace,
    plan_epoch,
)
from model.errors import DataError
from model.ragged import Ragged


def examples(rows: list[tuple[list[int], bool]]) -> Examples:
    width = max(len(sequence) for sequence, _ in rows)
    tokens = np.array([sequence + [0] * (width - len(sequence)) for sequence, _ in rows], dtype=np.uint8)
    lengths = np.array([len(sequence) for sequence, _ in rows], dtype=np.int64)
    return Examples(Ragged.of_padded(tokens, lengths), np.array([label for _, label in rows]))


row = st.tuples(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.booleans())


@given(rows=st.lists(row, min_size=1, max_size=40))
@settings(deadline=None)
def test_merged_rows_stand_for_all_rows(rows: list[tuple[list[int], bool]]) -> None:
    data = examples(rows)
    distinct = merge(data)
    keys = [tuple(tokens) for tokens in distinct.tokens.padded()]
    assert len(set(keys)) == len(keys)
    np.testing.assert_array_equal(distinct.tokens.padded(distinct.of_row), data.tokens.padded())
    np.testing.assert_array_equal(distinct.lengths[distinct.of_row], data.lengths)
    for number in range(len(keys)):
        labels = data.labels[distinct.of_row == number]
        assert (distinct.positives[number], distinct.negatives[number]) == (labels.sum(), (~labels).sum())


def test_rows_stay_apart_where_merging_is_off() -> None:
    distinct = merge(examples([([1], True), ([1], False), ([1], True)]), merge_duplicates=False)
    assert distinct.of_row.tolist() == [0, 1, 2]
    assert distinct.positives.tolist() == [1, 0, 1]


@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=120),
    steps=st.integers(1, 30),
    passes=st.integers(1, 3),
    seed=st.integers(0, 5),
    data=st.data(),
)
@settings(deadline=None)
def test_an_epoch_hands_out_every_row_with_its_whole_weight(
    lengths: list[int], steps: int, passes: int, seed: int, data: st.DataObject
) -> None:
    weight = st.sampled_from([1.0, 1.0, 1.0, 2.0, 500.0])
    weights = np.array(data.draw(st.lists(weight, min_size=len(lengths), max_size=len(lengths))), dtype=np.float32)
    epoch = plan_epoch(np.array(lengths), weights, Pace(steps, min(passes, steps)), np.random.default_rng(seed))
    np.testing.assert_allclose(np.bincount(epoch.rows, weights=epoch.share), np.ones(len(lengths)), rtol=1e-5)
    assert len(epoch.batches) <= steps
    assert [batch.start for batch in epoch.batches[1:]] == [batch.stop for batch in epoch.batches[:-1]]
    assert epoch.batches[-1].stop == len(epoch.rows)
    for batch in epoch.batches:
        rows = epoch.rows[batch.start : batch.stop].tolist()
        assert len(set(rows)) > 0 if passes > 1 else len(set(rows)) == len(rows) > 0
        assert batch.longest == max(lengths[number] for number in rows)


def test_a_row_that_holds_most_of_the_weight_stands_once_in_every_batch() -> None:
    weights = np.ones(100, dtype=np.float32)
    weights[7] = 300.0
    epoch = plan_epoch(np.full(100, 9), weights, Pace(10, 1), np.random.default_rng(0))
    for batch in epoch.batches:
        part = slice(batch.start, batch.stop)
        assert (epoch.rows[part] == 7).sum() == 1
        share = weights[epoch.rows[part]] * epoch.share[part]
        assert share.sum() == pytest.approx(weights.sum() / 10, rel=0.1)


def test_batches_are_cut_by_length_and_mixed_anew_each_epoch() -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 300, 2000)
    first, second = (plan_epoch(lengths, np.ones(2000, np.float32), Pace(50, 1), generator) for _ in range(2))
    assert not np.array_equal(first.rows, second.rows)
    padded = sum(batch.longest * (batch.stop - batch.start) for batch in first.batches)
    assert padded < 1.15 * lengths.sum()
    again = plan_epoch(lengths, np.ones(2000, np.float32), Pace(50, 1), np.random.default_rng(3))
    same = plan_epoch(lengths, np.ones(2000, np.float32), Pace(50, 1), np.random.default_rng(3))
    assert np.array_equal(again.rows, same.rows)


@pytest.mark.parametrize(
    ("rows", "distinct", "batch_size", "expected"),
    [
        (1000, 1000, 100, Pace(10, 1)),
        (1000, 1000, 16, Pace(62, 1)),
        (100_000, 23_700, 400, Pace(250, 1)),  # batches of 95 instead of 400
        (10_000, 1593, 128, Pace(78, 2)),  # batches of 41
        (4290, 375, 64, Pace(67, 6)),  # batches of 34, and six passes
        (6000, 10, 400, Pace(15, 15)),  # never more passes than steps
        (10, 10, 400, Pace(1, 1)),
    ],
)
def test_merging_keeps_the_steps_and_costs_less(rows: int, distinct: int, batch_size: int, expected: Pace) -> None:
    rhythm = pace(rows, distinct, batch_size)
    assert rhythm == expected
    assert rhythm.passes * distinct <= rows


def test_evaluation_sees_every_row_once_in_order_of_length() -> None:
    lengths = np.array([5, 1, 9, 9, 2])
    epoch = evaluation_batches(lengths, 2)
    assert lengths[epoch.rows].tolist() == [1, 2, 5, 9, 9]
    assert [batch.longest for batch in epoch.batches] == [2, 9, 9]


@pytest.mark.parametrize("lengths", [[0, 5], [1, 4], [2, 2]])
def test_examples_that_do_not_fit_together_are_refused(lengths: list[int]) -> None:
    tokens = np.ones(5, dtype=np.uint8)
    with pytest.raises(DataError, match="engths"):
        Examples(Ragged(tokens, np.array(lengths), 3), np.array([True, False]))


def test_the_consensus_is_the_commonest_token_of_each_position() -> None:
    tokens = Ragged(np.array([2, 5, 3, 5, 1, 3, 4], dtype=np.uint8), np.array([2, 3, 2]), 4)
    assert consensus(tokens).tolist() == [3, 5, 1, 0]
