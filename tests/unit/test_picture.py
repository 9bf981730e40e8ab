"""What a free worker claims: interrupted work first, then what is worth most; what is parked ends when all else has."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hpo.search.audit import draw
from hpo.search.standing import Standing
from hpo.search.tasks import NextFold, Progress, choose_task
from hpo.trial.picture import MOST_PARKED, Claimed, Picture
from standings import FOLDS, standing
from storage.trials.ledger import NEW

GOOD = [0.93, 0.91, 0.95, 0.92, 0.94]
LEADER = standing(0, GOOD)


def far_below(number: int) -> Standing:
    return standing(number, [0.6 + number / 1000])


def picture(
    *trials: Standing, unbegun: int = 0, interrupted: list[int] | None = None, busy: bool = False, **audits: Any
) -> Picture:
    waiting = [one.number for one in trials if not one.complete and not one.at_work]
    progress = Progress(trials=trials, folds=FOLDS, unbegun=unbegun, rows=250)
    return Picture(progress=progress, waiting=waiting, interrupted=interrupted or [], busy=busy, **audits)


def test_a_study_begins_with_a_new_trial() -> None:
    assert picture(unbegun=3).next_claim() == Claimed(NEW)


def test_what_was_interrupted_goes_on_first_whatever_its_chance() -> None:
    assert picture(LEADER, far_below(1), far_below(2), unbegun=9, interrupted=[2]).next_claim() == Claimed(2)


def test_what_is_worth_most_is_claimed_by_its_number() -> None:
    close = standing(1, [accuracy + 0.002 for accuracy in GOOD[:3]])
    assert picture(LEADER, close, far_below(2), unbegun=9).next_claim() == Claimed(1)


def test_what_is_parked_waits_while_anybody_is_at_work_and_is_then_given_up_in_order() -> None:
    at_work = standing(3, GOOD[:4], at_work=range(FOLDS))
    assert picture(LEADER, far_below(1), far_below(2), at_work, busy=True).next_claim() is None
    assert picture(LEADER, far_below(1), far_below(2)).next_claim() == Claimed(1, gives_up=True)
    assert picture(LEADER).next_claim() is None


def test_no_more_are_parked_than_can_be_looked_at_quickly() -> None:
    parked = [far_below(number) for number in range(1, MOST_PARKED + 1)]
    assert picture(LEADER, *parked, unbegun=9).next_claim() == Claimed(NEW)
    one_more = standing(99, [0.2])
    assert picture(LEADER, *parked, one_more, unbegun=9).next_claim() == Claimed(99, gives_up=True)


def drawn(number: int, audited: bool, *trials: Standing) -> int:
    """A seed by which a trial is audited, or is not."""
    chance = picture(*trials).progress.chance_of(trials[number])
    return next(seed for seed in range(1000) if draw(seed, number, chance).audited == audited)


def test_what_would_be_given_up_is_drawn_for_and_goes_on_where_it_is_audited() -> None:
    trials = LEADER, far_below(1), far_below(2)
    audited = picture(*trials, seed=drawn(1, True, *trials)).next_claim()
    assert (audited.trial, audited.gives_up, audited.is_put_back, audited.drawn.audited) == (1, False, False, True)
    spared = picture(*trials, seed=drawn(1, False, *trials)).next_claim()
    assert (spared.trial, spared.gives_up, spared.is_put_back, spared.drawn.audited) == (1, True, False, False)


def test_who_is_free_while_others_are_at_work_draws_for_each_trial_once() -> None:
    trials = LEADER, far_below(1), far_below(2), standing(3, GOOD[:4], at_work=range(FOLDS))
    seed = drawn(1, False, *trials)
    first = picture(*trials, busy=True, seed=seed).next_claim()
    assert (first.trial, first.gives_up, first.is_put_back) == (1, False, True)
    second = picture(*trials, busy=True, seed=seed, drawn_for=[1]).next_claim()
    assert second.trial == 2
    assert picture(*trials, busy=True, seed=seed, drawn_for=[1, 2]).next_claim() is None
    # Nobody is at work any more: what was drawn stands.
    assert picture(*trials[:3], seed=seed, drawn_for=[1, 2]).next_claim() == Claimed(1, gives_up=True)


def test_while_anything_is_worth_doing_nothing_is_drawn_for() -> None:
    assert picture(LEADER, far_below(1), unbegun=1, seed=0).next_claim() == Claimed(NEW)


some_trials = st.lists(st.tuples(st.lists(st.floats(0.5, 1.0), max_size=FOLDS), st.booleans()), max_size=7).map(
    lambda made: [
        standing(number, folds, at_work=range(FOLDS) if busy else ()) for number, (folds, busy) in enumerate(made)
    ]
)


@given(some_trials, st.integers(0, 2))
def test_a_worker_is_never_sent_away_while_it_alone_could_finish_the_study(trials: list[Standing], left: int) -> None:
    busy = any(one.at_work and not one.complete for one in trials)
    seen = picture(*trials, unbegun=left, busy=busy)
    wanted = seen.next_claim()
    if wanted is None:
        assert left == 0
        assert busy or all(one.complete for one in trials)
    elif wanted.gives_up:
        # Nothing that could still lead is given up.
        assert choose_task(seen.progress) is None
        assert not busy
    elif wanted.trial != NEW:
        assert choose_task(seen.progress) == NextFold(wanted.trial, trials[wanted.trial].next_fold)
