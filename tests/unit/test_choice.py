"""Which trial `--prefer simplest` takes, on a tie made by hand."""

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.finalize.trials import Search, simplest
from hpo.report.evidence import OutOfFold

ROWS = 1000
#: Rows, of the last hundred, that each trial has right; all have the first nine hundred right but trial 3.
RIGHT = {0: range(14, 21), 1: range(8, 18), 2: range(12), 3: range(12)}
SIZES = {0: 100, 1: 100, 2: 900, 3: 10}


@pytest.fixture
def search() -> Search:
    """Trial 2 is the best; 0 and 1 are smaller and tied with it, 3 is far smaller and far worse."""
    correct = np.zeros((ROWS, len(RIGHT)), dtype=bool)
    correct[:900] = True
    correct[:100, 3] = False
    for number, rows in RIGHT.items():
        correct[900 + np.array(rows), number] = True
    trials = tuple(numbered(number, float(correct[:, number].mean())) for number in RIGHT)
    return Search(trials=trials, out_of_fold=OutOfFold(numbers=tuple(RIGHT), correct=correct))


def numbered(number: int, value: float) -> FrozenTrial:
    trial = create_trial(state=TrialState.COMPLETE, value=value)
    trial.number = number
    return trial


def size(trial: FrozenTrial) -> int:
    return SIZES[trial.number]


def test_the_smallest_of_the_tied_is_taken_and_of_equal_ones_the_better(search: Search) -> None:
    assert search.best.number == 2
    assert simplest(search, None, size).number == 1


def test_copies_of_one_sequence_can_make_a_tie(search: Search) -> None:
    groups = np.arange(ROWS) // 100  # all that trial 3 has wrong, and trial 2 right, is one of ten sequences
    assert simplest(search, groups, size).number == 3


def test_the_best_is_taken_where_it_is_the_smallest(search: Search) -> None:
    assert simplest(search, None, lambda trial: -size(trial)).number == 2
