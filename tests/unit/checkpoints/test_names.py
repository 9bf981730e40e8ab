"""The name of a checkpoint: computed from the study's contract and the trial, and no two studies share one."""

import re

import pytest

from hpo.trial.checkpoints import checkpoint_name


def test_it_is_a_safe_name_whatever_the_study_is_called(make_search) -> None:
    search = make_search("../.. a/study")
    assert re.fullmatch(r"checkpoints/[0-9a-f]{32}-7", checkpoint_name(search.opened.contract, 7))


def test_every_trial_of_every_study_has_its_own_and_all_workers_agree(make_search) -> None:
    one, other = make_search("one"), make_search("other")
    assert one.name(0) == checkpoint_name(one.open_again().contract, 0)
    assert len({one.name(0), one.name(1), other.name(0), other.name(1)}) == 4


def test_one_name_in_two_databases_is_two_studies(search) -> None:
    """Made a second apart, in one place."""
    contract = search.opened.contract
    later = contract.model_copy(update={"created": "2030-01-01T00:00:00+00:00"})
    assert checkpoint_name(contract, 0) != checkpoint_name(later, 0)


@pytest.mark.slow
def test_studies_in_one_place_do_not_disturb_each_other(make_search, undisturbed) -> None:
    one, other = make_search("one"), make_search("other")
    one.work(one.stop_in(2, 0))
    other.work(other.stop_in(3, 0))
    assert (one.path().is_file(), other.path().is_file()) == (True, True)
    other.work()
    assert (one.path().is_file(), other.path().is_file()) == (True, False)
    one.work()
    assert one.fold_results() == other.fold_results() == undisturbed()
