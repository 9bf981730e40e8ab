"""Trials as the search sees them, read from attributes that anybody may have written."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.search.belief import TYPICAL_DISCORDANCE
from hpo.search.tasks import Progress, choose_task
from hpo.study.attributes import CHECKPOINT, FOLD_ACCURACIES
from hpo.study.fold_curves import told_of_fold
from hpo.trial.standings import Standings

FOLDS, ROWS = 3, 30


def record(fold: int, right: list[bool], told: bool = True) -> dict[str, Any]:
    base = {"fold": fold, "artifact": "0" * 64, "epochs": 2, "seconds": 1.0}
    accuracy = sum(right) / len(right)
    return base | (told_of_fold([0.6, 0.5], [0.5, accuracy], np.array(right)) if told else {})


def trial(state: TrialState, *right: list[bool], told: bool = True, **more: Any) -> FrozenTrial:
    attributes = {f"hpo:fold:{fold}": record(fold, one, told) for fold, one in enumerate(right)}
    attributes |= {FOLD_ACCURACIES: [sum(one) / len(one) for one in right], **more}
    made = create_trial(state=state, value=0.5 if state == TrialState.COMPLETE else None, user_attrs=attributes)
    made.number = more.get("number", 0)
    return made


def read(one: FrozenTrial) -> Any:
    return Standings(FOLDS, 20, ROWS).of(one)


HALF, MOST = [True, False] * 5, [True] * 9 + [False]


def test_a_trial_stands_as_its_records_tell() -> None:
    standing = read(trial(TrialState.WAITING, HALF, MOST))
    assert (standing.finished, standing.next_fold, standing.complete) == (2, 2, False)
    # The last epoch is the better one, and the other counts a little.
    assert standing.so_far == pytest.approx([0.5, 0.9], abs=0.01)
    assert np.isfinite(standing.curves).sum() == 4


def test_without_curves_it_stands_by_its_accuracies() -> None:
    standing = read(trial(TrialState.WAITING, HALF, MOST, told=False))
    assert standing.finished == 2
    assert standing.so_far.tolist() == [0.5, 0.9]
    assert np.isnan(standing.curves).all()


@pytest.mark.parametrize(
    ("state", "failed", "given_up"),
    [(TrialState.FAIL, True, True), (TrialState.PRUNED, False, True), (TrialState.COMPLETE, False, True)],
)
def test_nobody_works_on_what_has_ended(state: TrialState, failed: bool, given_up: bool) -> None:
    standing = read(trial(state, HALF))
    assert (standing.failed, standing.given_up, standing.next_fold) == (failed, given_up, None)


def test_a_complete_trial_counts_by_its_accuracies() -> None:
    standing = read(trial(TrialState.COMPLETE, HALF, MOST, MOST))
    assert standing.mean == pytest.approx((0.5 + 0.9 + 0.9) / 3)
    assert not standing.given_up


def test_who_holds_a_trial_may_take_its_folds_and_others_may_not() -> None:
    standings, held = Standings(FOLDS, 20, ROWS), trial(TrialState.RUNNING, HALF)
    assert standings.of(held).next_fold is None
    assert standings.read(0, held.user_attrs, TrialState.RUNNING, mine=True).next_fold == 1


def test_a_fold_that_was_broken_off_tells_its_epochs() -> None:
    checkpoint = {"fold": 1, "epochs": 2, "seconds": 1.0, "accuracies": [0.4, 0.6]}
    standing = read(trial(TrialState.WAITING, HALF, **{CHECKPOINT: checkpoint}))
    assert standing.under_way == {1: 2}
    assert standing.curves[1, :2].tolist() == [0.4, 0.6]
    # Of a fold that was finished meanwhile it tells nothing.
    assert read(trial(TrialState.WAITING, HALF, MOST, **{CHECKPOINT: checkpoint})).under_way == {}


def test_trials_differ_by_the_rows_that_one_of_them_gets_right() -> None:
    standings = Standings(FOLDS, 20, ROWS)
    for number, folds in enumerate([(HALF, MOST), (MOST, MOST), (HALF,)]):
        one = trial(TrialState.WAITING, *folds)
        one.number = number
        standings.of(one)
    assert standings.discordance(0, 1, 2) == (4 + 0) / 20
    assert standings.discordance(0, 2, 1) == 0
    assert standings.discordance(0, 2, 2) == TYPICAL_DISCORDANCE


def test_what_changes_is_read_anew() -> None:
    standings = Standings(FOLDS, 20, ROWS)
    assert standings.of(trial(TrialState.WAITING, HALF)).finished == 1
    assert standings.of(trial(TrialState.WAITING, HALF, MOST)).finished == 2


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["hpo:fold:0", "hpo:fold:1", "hpo:fold:2", FOLD_ACCURACIES, CHECKPOINT])
parts = st.dictionaries(st.sampled_from(["losses", "accuracies", "right", "fold", "epochs"]), anything, max_size=4)


@pytest.mark.slow
@given(st.sampled_from(list(TrialState)), st.dictionaries(names, anything), st.dictionaries(names, parts))
def test_whatever_stands_there_is_read_as_something(state: TrialState, spoilt: dict, partly: dict) -> None:
    base = trial(TrialState.WAITING, HALF, MOST).user_attrs
    attributes = base | spoilt
    for name, changes in partly.items():
        if isinstance(base.get(name), dict):
            attributes[name] = {**base[name], **changes}
    standings = Standings(FOLDS, 20, ROWS)
    standing = standings.read(0, attributes, state)
    assert 0 <= standing.finished <= FOLDS
    assert np.isfinite(standing.so_far).all()
    assert np.isfinite(standing.means[: standing.finished]).all()
    # And beside a trial that is well, it says something.
    beside = standings.read(1, base, TrialState.WAITING)
    progress = Progress(
        trials=[standing, beside], folds=FOLDS, unbegun=1, rows=standings.rows, discordance=standings.discordance
    )
    assert all(0 <= chance <= 1 for chance in progress.chances.values())
    assert choose_task(progress) is not None


def test_a_record_is_read_as_json_gives_it() -> None:
    one = trial(TrialState.WAITING, HALF, MOST)
    again = json.loads(json.dumps(one.user_attrs))
    standings = Standings(FOLDS, 20, ROWS)
    assert standings.read(0, again, TrialState.WAITING) is standings.of(one)
