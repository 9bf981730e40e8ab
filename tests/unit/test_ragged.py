"""Rows without padding do what padded ones did."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.device_tokens import DeviceTokens
from model.errors import DataError
from model.ragged import Ragged, joined

ROWS = st.lists(st.lists(st.integers(1, 300), min_size=1, max_size=6), min_size=1, max_size=8)


def ragged(rows: list[list[int]], width: int = 6) -> Ragged:
    """As wide as `width`, with numbers beyond a byte, as mutations have them."""
    flat = np.array([token for row in rows for token in row], dtype=np.int32)
    return Ragged(flat, np.array([len(row) for row in rows]), width)


def padded(rows: list[list[int]]) -> np.ndarray:
    return np.array([row + [0] * (6 - len(row)) for row in rows], dtype=np.int32)


@given(ROWS, st.randoms(use_true_random=False))
def test_rows_are_picked_and_padded_as_from_an_array(rows: list[list[int]], random) -> None:
    some = np.array([random.randrange(len(rows)) for _ in range(5)])
    packed, whole = ragged(rows), padded(rows)
    np.testing.assert_array_equal(packed.padded(), whole)
    np.testing.assert_array_equal(packed.padded(some), whole[some])
    np.testing.assert_array_equal(packed.subset(some).padded(), whole[some])
    np.testing.assert_array_equal(Ragged.of_padded(whole, packed.lengths).flat, packed.flat)
    longest = int(packed.lengths[some].max())
    np.testing.assert_array_equal(packed.padded(some, longest), whole[some, :longest])
    np.testing.assert_array_equal(joined([packed, packed.subset(some)]).padded(), np.concatenate([whole, whole[some]]))


@given(ROWS)
def test_distinct_rows_come_in_the_order_of_their_bytes(rows: list[list[int]]) -> None:
    """As numpy orders padded rows: what is fitted to them sums in this order."""
    whole = padded(rows)
    _, first, of_row = np.unique(whole.view("V24").ravel(), return_index=True, return_inverse=True)
    ours = ragged(rows).distinct()
    assert (ours[0].tolist(), ours[1].tolist()) == (first.tolist(), of_row.tolist())


@given(ROWS)
def test_equal_rows_have_equal_numbers_by_first_appearance(rows: list[list[int]]) -> None:
    seen = [tuple(row) for row in rows]
    numbers = {row: number for number, row in enumerate(dict.fromkeys(seen))}
    assert ragged(rows).identities().tolist() == [numbers[row] for row in seen]


@pytest.mark.parametrize("chunk", [1, 7, 2**22])
@given(rows=ROWS)
def test_what_stands_at_a_position_is_counted_however_many_at_a_time(chunk: int, rows: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.ragged._CHUNK", chunk)
        counts = np.concatenate(list(ragged(rows).counts(301)))
        parts = list(ragged(rows).parts())
    expected = [np.bincount(column[column > 0], minlength=301) for column in padded(rows).T]
    np.testing.assert_array_equal(counts, expected)
    assert sorted(np.concatenate(parts)) == list(range(len(rows)))


@given(ROWS)
def test_a_batch_on_a_device_is_padded_to_its_longest_row(rows: list[list[int]]) -> None:
    packed = ragged(rows)
    some = np.arange(len(rows))[::-1].copy()
    tokens, lengths = DeviceTokens.load(packed, torch.device("cpu")).batch(torch.from_numpy(some), 6)
    assert lengths is not None
    assert lengths.tolist() == packed.lengths[some].tolist()
    np.testing.assert_array_equal(tokens.numpy(), padded(rows)[some].T)


def test_rows_of_one_length_need_no_lengths() -> None:
    device = DeviceTokens.load(ragged([[2, 3], [4, 5], [6, 7]], width=2), torch.device("cpu"))
    tokens, lengths = device.batch(torch.tensor([2, 0]), 2, uniform=True)
    assert lengths is None
    assert tokens.tolist() == [[6, 2], [7, 3]]


@pytest.mark.parametrize("lengths", [[0, 5], [1, 7], [2, 2]])
def test_lengths_that_do_not_fit_are_refused(lengths: list[int]) -> None:
    with pytest.raises(DataError, match="engths"):
        Ragged(np.ones(5, dtype=np.uint8), np.array(lengths), 6)
