"""What a fold's record tells the search: small, and read as what anybody may have written there."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.study.attributes import fold_record
from hpo.study.fold_curves import MOST_EPOCHS, MOST_ROWS, fold_curves, told_of_fold

curves = st.integers(1, 40).flatmap(
    lambda epochs: st.tuples(
        st.lists(st.floats(0, 100), min_size=epochs, max_size=epochs),
        st.lists(st.floats(0, 1), min_size=epochs, max_size=epochs),
        st.lists(st.booleans(), min_size=1, max_size=300),
    )
)


@given(curves)
def test_what_is_told_is_read_again(told: tuple[list[float], list[float], list[bool]]) -> None:
    losses, accuracies, right = told
    read = fold_curves(json.loads(json.dumps(told_of_fold(losses, accuracies, np.array(right)))))
    assert read is not None
    assert read.losses == pytest.approx(losses, abs=1e-4)
    assert read.accuracies == pytest.approx(accuracies, abs=1e-4)
    assert read.right_rows is not None
    assert read.right_rows.bit_count() == sum(right)


def test_a_record_stays_small() -> None:
    rng = np.random.default_rng(0)
    told = told_of_fold(rng.random(20).tolist(), rng.random(20).tolist(), rng.random(300) < 0.5)
    assert len(json.dumps(told)) < 500
    assert told_of_fold([0.5] * (MOST_EPOCHS + 1), [0.5] * (MOST_EPOCHS + 1), np.ones(3, dtype=bool)) == {}
    assert "right" not in told_of_fold([0.5], [0.5], np.ones(MOST_ROWS + 1, dtype=bool))


GOOD = {"losses": [0.5, 0.4], "accuracies": [0.7, 0.8], "right": "gA=="}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"losses": [0.5]},
        {"losses": []},
        {"losses": [float("nan"), 0.5]},
        {"losses": [-1.0, 0.5]},
        {"losses": [1e300, 0.5]},
        {"losses": "ab"},
        {"accuracies": [0.7, 1.1]},
        {"accuracies": [0.7, None]},
        {"losses": [0.1] * 300, "accuracies": [0.1] * 300},
        {"right": "a" * 10_000},
        {"right": 7},
    ],
)
def test_what_nobody_of_ours_could_have_written_tells_nothing_and_the_fold_stays_finished(spoilt: dict) -> None:
    record = {"fold": 0, "artifact": "0" * 64, "epochs": 2, "seconds": 1.0, **GOOD, **spoilt}
    assert fold_curves(record) is None
    assert fold_record({"hpo:fold:0": record}, 0) is not None


@pytest.mark.parametrize("record", [None, 3, "text", [], {}, {"fold": 0, "artifact": "0" * 64}])
def test_a_record_of_an_earlier_version_tells_nothing(record: object) -> None:
    assert fold_curves(record) is None


@pytest.mark.parametrize("bits", ["?", "gA=", "ä"])
def test_bits_that_cannot_be_read_are_none(bits: str) -> None:
    read = fold_curves({**GOOD, "right": bits})
    assert read is not None
    assert read.right_rows is None
