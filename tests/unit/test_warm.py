"""How many configurations of an earlier study are tried, and which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from scipy.stats import kendalltau

from hpo.search.warm import FIRST, MOST, Earlier, offered, rank_agreement

EARLIER = [Earlier({"x": number / 10}, 0.9 - number / 100, number) for number in range(MOST)]


def trial(x: float, value: float | None, state: TrialState = TrialState.COMPLETE) -> FrozenTrial:
    return create_trial(state=state, value=value, params={"x": x}, distributions={"x": FloatDistribution(0, 1)})


def tried(*values: float) -> list[FrozenTrial]:
    """The first so many, as they did here."""
    return [trial(one.params["x"], value) for one, value in zip(EARLIER, values, strict=False)]


def test_the_first_few_are_tried_whatever_happens() -> None:
    assert offered(EARLIER, []) == EARLIER[0]
    assert offered(EARLIER, tried(0.1)) == EARLIER[1]
    assert offered(EARLIER, tried(0.1, 0.2)) == EARLIER[2]


def test_the_rest_are_offered_while_their_ranks_agree() -> None:
    assert offered(EARLIER, tried(0.9, 0.8, 0.7)) == EARLIER[3]
    assert offered(EARLIER, tried(0.7, 0.8, 0.9)) is None
    # All pairs but one of three: a third of the rest, which are seven.
    assert offered(EARLIER, tried(0.9, 0.7, 0.8)) == EARLIER[3]
    assert offered(EARLIER, tried(0.9, 0.7, 0.8, 0.1, 0.05)) is not None
    assert offered(EARLIER, tried(0.8, 0.9, 0.7, 0.75, 0.72, 0.71, 0.9)) is None


def test_nothing_is_offered_twice_or_beyond_the_last() -> None:
    agreeing = tried(*(0.9 - number / 100 for number in range(MOST)))
    for count in range(MOST):
        assert offered(EARLIER, agreeing[:count]) == EARLIER[count]
    assert offered(EARLIER, agreeing) is None
    assert offered([], []) is None
    # Those at work and those that wait have been offered.
    waiting = create_trial(state=TrialState.WAITING, system_attrs={"fixed_params": {"x": 0.0}})
    assert offered(EARLIER, [waiting, trial(0.1, None, TrialState.RUNNING)]) == EARLIER[2]


def test_who_comes_first_has_not_chosen_yet() -> None:
    assert [offered(EARLIER, tried(0.1), choosing) for choosing in range(3)] == [EARLIER[1], EARLIER[2], None]
    agreeing = tried(0.9, 0.8, 0.7)
    assert [offered(EARLIER, agreeing, choosing) for choosing in (0, 6, 7)] == [EARLIER[3], EARLIER[9], None]


def test_before_the_first_have_ended_the_rest_waits() -> None:
    at_work = [trial(one.params["x"], None, TrialState.RUNNING) for one in EARLIER[:FIRST]]
    assert offered(EARLIER, at_work) is None
    assert offered(EARLIER, [*tried(0.9, 0.8), at_work[2]]) is None


def test_a_trial_that_was_given_up_ranks_below_those_that_were_not() -> None:
    given_up = trial(0.2, 0.99, TrialState.PRUNED)
    assert offered(EARLIER, [*tried(0.9, 0.8), given_up]) == EARLIER[3]
    failed = [trial(one.params["x"], None, TrialState.FAIL) for one in EARLIER[:FIRST]]
    assert offered(EARLIER, failed) is None


def test_other_trials_say_nothing() -> None:
    others = [trial(0.55 + number / 1000, 1.0) for number in range(20)]
    assert offered(EARLIER, [*others, *tried(0.9, 0.8, 0.7)]) == EARLIER[3]


@given(st.permutations(range(7)), st.permutations(range(7)))
def test_agreement_is_kendall_s(here: list[int], there: list[int]) -> None:
    assert rank_agreement(list(zip(here, there, strict=True))) == pytest.approx(kendalltau(here, there).statistic)


def test_few_pairs_do_not_agree() -> None:
    assert rank_agreement([(1, 1), (2, 2)]) == 0
    assert rank_agreement([(1, 5), (1, 5), (1, 5)]) == 0
