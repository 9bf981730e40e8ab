"""One number of epochs for all folds, from what all folds saw."""

from model.epochs import Curves, choose_epoch, should_stop


def fold(*losses: float) -> Curves:
    ones = [1.0] * len(losses)
    return Curves(ones, ones, list(losses), ones)


def test_the_mean_over_the_folds_decides_and_not_a_single_fold() -> None:
    assert choose_epoch([fold(3, 1, 2, 4), fold(3, 4, 2, 1), fold(3, 3, 2, 2)]) == 3


def test_only_epochs_that_every_fold_ran_count() -> None:
    assert choose_epoch([fold(5, 4, 3, 0.1), fold(5, 4)]) == 2


def test_the_first_of_equal_epochs_is_taken() -> None:
    assert choose_epoch([fold(2, 1, 1)]) == 2


def test_a_fold_stops_when_its_patience_is_spent() -> None:
    assert not should_stop([], 1)
    assert not should_stop([3, 2, 2.5], 2)
    assert should_stop([3, 2, 2.5, 2.4], 2)
    assert not should_stop([3, 2, 2.5, 1.9], 2)
