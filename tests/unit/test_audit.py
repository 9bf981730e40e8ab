"""Which trials are audited: as often as is said, decided by the study and the trial alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.search.audit import FLOOR, MOST, audit_probability, draw, seed_of_audits
from hpo.search.standing import PARK

chances = st.floats(0, 1)


@given(chances, chances)
def test_a_better_chance_is_audited_no_less_often_and_none_is_never_audited(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert FLOOR <= audit_probability(low) <= audit_probability(high) <= MOST


def test_the_square_root_of_the_chance_decides() -> None:
    assert audit_probability(0.0) == FLOOR
    assert audit_probability(PARK) == MOST
    assert audit_probability(PARK / 4) == pytest.approx((FLOOR + MOST) / 2)


@pytest.mark.parametrize("chance", [0.0, 0.02, 0.05])
def test_trials_are_drawn_as_often_as_is_written_down(chance: float) -> None:
    draws = [draw(7, number, chance) for number in range(20_000)]
    (probability,) = {one.probability for one in draws}
    # Five standard deviations of so many: a hash has no other way to go wrong.
    expected, spread = 20_000 * probability, (20_000 * probability * (1 - probability)) ** 0.5
    assert abs(sum(one.audited for one in draws) - expected) < 5 * spread


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6), chances)
def test_whoever_asks_gets_the_same_and_a_better_chance_undoes_no_audit(seed: int, number: int, chance: float) -> None:
    assert draw(seed, number, chance) == draw(seed, number, chance)
    assert draw(seed, number, 1.0).audited >= draw(seed, number, chance).audited


def test_studies_of_one_seed_audit_other_trials_where_their_data_differ() -> None:
    seeds = [seed_of_audits(0, fingerprint) for fingerprint in ("aa", "bb")]
    one, other = ([number for number in range(500) if draw(seed, number, 0.0).audited] for seed in seeds)
    assert one
    assert other
    assert one != other
