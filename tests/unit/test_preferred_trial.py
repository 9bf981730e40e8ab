"""Which trial `--prefer simplest` takes, on a tie made by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.finalizing.trials import SearchOutcome, choose_trial, read_search, simplest
from hpo.report.evidence import OutOfFold
from hpo.study.attributes import CONFIGURATION, EPOCHS, FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import labels_of, load_development_rows
from hpo.trial.fold_results import write_fold
from model.configuration import original_configuration
from model.epochs import Curves
from model.training import FoldResult
from storage.trials.lease import WorkerIdentity
from storage.trials.ledger import TrialChange

ROWS = 1000
#: Rows, of the last hundred, that each trial has right; all have the first nine hundred right but trial 3.
RIGHT = {0: range(14, 21), 1: range(8, 18), 2: range(12), 3: range(12)}
SIZES = {0: 100, 1: 100, 2: 900, 3: 10}


@pytest.fixture
def search() -> SearchOutcome:
    """Trial 2 is the best; 0 and 1 are smaller and tied with it, 3 is far smaller and far worse."""
    correct = np.zeros((ROWS, len(RIGHT)), dtype=bool)
    correct[:900] = True
    correct[:100, 3] = False
    for number, rows in RIGHT.items():
        correct[900 + np.array(rows), number] = True
    trials = tuple(numbered(number, float(correct[:, number].mean())) for number in RIGHT)
    return SearchOutcome(trials=trials, out_of_fold=OutOfFold(numbers=tuple(RIGHT), correct=correct))


def numbered(number: int, value: float) -> FrozenTrial:
    trial = create_trial(state=TrialState.COMPLETE, value=value)
    trial.number = number
    return trial


def size(trial: FrozenTrial) -> int:
    return SIZES[trial.number]


def test_the_smallest_of_the_tied_is_taken_and_of_equal_ones_the_better(search: SearchOutcome) -> None:
    assert search.best.number == 2
    assert simplest(search, None, size).number == 1


def test_copies_of_one_sequence_can_make_a_tie(search: SearchOutcome) -> None:
    groups = np.arange(ROWS) // 100  # all that trial 3 has wrong, and trial 2 right, is one of ten sequences
    assert simplest(search, groups, size).number == 3


def test_the_best_is_taken_where_it_is_the_smallest(search: SearchOutcome) -> None:
    assert simplest(search, None, lambda trial: -size(trial)).number == 2


def test_prefer_simplest_chooses_another_trial_than_best(opened: Callable[[], OpenedStudy]) -> None:
    opened = opened()
    for hidden_size, mistakes in ((62, 1), (4, 3), (2, 30)):
        finish_next(opened, hidden_size, mistakes)
    development = load_development_rows(opened.contract, opened.artifacts)
    search = read_search(opened, development)
    best = choose_trial(opened, search, development, "best")
    assert (best.trial.number, best.instead_of, best.config.hidden_size) == (0, None, 62)
    simple = choose_trial(opened, search, development, "simplest")
    assert (simple.trial.number, simple.instead_of, simple.config.hidden_size) == (1, 0, 4)


def finish_next(opened: OpenedStudy, hidden_size: int, mistakes: int) -> None:
    """Finish the next trial as if its networks were wrong about so many genes, the first ones."""
    claim = opened.queue.claim(WorkerIdentity(worker="w", host="laptop", pid=1, device="cpu"), opened.budget)
    assert claim is not None
    development = load_development_rows(opened.contract, opened.artifacts)
    right = np.arange(len(development.folds)) >= mistakes
    probabilities = (right == labels_of(development.genes)).astype(np.float32)
    accuracies: list[float] = []
    for fold in range(opened.contract.splitting.folds):
        curves = Curves([0.1], [0.9], [0.1], [float(right[development.folds == fold].mean())])
        result = FoldResult(curves=curves, probabilities=probabilities[None, development.folds == fold])
        record = write_fold(opened.artifacts, fold, result, seconds=1.0)
        accuracies += curves.validation_accuracy
        opened.queue.record(claim, TrialChange({record.attribute: record.as_dict(), FOLD_ACCURACIES: accuracies}))
    config = replace(original_configuration("dna"), hidden_size=hidden_size)
    opened.queue.record(claim, TrialChange({CONFIGURATION: config.as_dict(), EPOCHS: 1}))
    opened.queue.finish(claim, TrialState.COMPLETE, float(np.mean(accuracies)))
