"""The winner beside its baselines, on the same rows: scores and paired tests."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.baselines import Baseline
from hpo.evaluation.comparison import Paired, mcnemar
from hpo.evaluation.metrics import called_resistant
from hpo.report.evidence import Evidence
from hpo.report.sampled import sampling_groups

#: Baselines that learn; the majority class is there for scale only.
PLAIN = ("identical_sequence", "logistic_regression", "kmer_logistic_regression")


@dataclass(frozen=True)
class Duel:
    """The winner (first) against a baseline, counted twice."""

    rows: Paired  #: every row is a case
    cases: Paired  #: rows that were sampled together are one case; the same as `rows` where none were


@dataclass(frozen=True)
class Rival:
    """A baseline beside the winner, on the same rows."""

    name: str
    cv: float
    fold_accuracies: tuple[float, ...]
    test: float | None
    cv_duel: Duel | None  #: None where no single predictions are kept
    test_duel: Duel | None

    @property
    def duel(self) -> Duel | None:
        """The duel that counts: on test rows where there are any, else out of fold."""
        return self.test_duel or self.cv_duel

    @property
    def paired(self) -> Paired | None:
        """The paired test that counts."""
        return None if self.duel is None else self.duel.cases

    @property
    def score(self) -> float:
        """Accuracy on the rows of that test."""
        return self.cv if self.test is None else self.test

    @property
    def is_beaten(self) -> bool:
        """Whether the winner is better by more than chance."""
        paired = self.paired
        return paired is not None and paired.differs and paired.only_first_right > paired.only_second_right


def find_rivals(evidence: Evidence) -> tuple[Rival, ...]:
    """Compare every baseline with the winner; the original's configuration comes last."""
    rivals = [_from_baseline(evidence, baseline) for baseline in evidence.baselines]
    original = _original(evidence)
    return (*rivals, original) if original else tuple(rivals)


def winning_column(evidence: Evidence) -> int:
    """Find the winner's column in the matrix of out-of-fold predictions."""
    return evidence.out_of_fold.numbers.index(evidence.winner.number)


def best_column(evidence: Evidence) -> int:
    """Find the column of the study's best trial, which is the winner unless a simpler one was preferred to it."""
    instead_of = evidence.winner.instead_of
    return winning_column(evidence) if instead_of is None else evidence.out_of_fold.numbers.index(instead_of)


def _from_baseline(evidence: Evidence, baseline: Baseline) -> Rival:
    right = called_resistant(baseline.probabilities) == evidence.development.labels
    return Rival(
        baseline.name,
        baseline.cv,
        baseline.fold_accuracies,
        baseline.test_accuracy,
        _out_of_fold(evidence, right),
        _on_test(evidence, baseline.test_probabilities)[1],
    )


def _original(evidence: Evidence) -> Rival | None:
    original = evidence.original
    if original is None or not original.fold_accuracies:
        return None
    duel = None
    if original.number in evidence.out_of_fold.numbers:
        column = evidence.out_of_fold.numbers.index(original.number)
        duel = _out_of_fold(evidence, evidence.out_of_fold.correct[:, column])
    test, test_duel = _on_test(evidence, original.test_probabilities)
    mean = float(np.mean(original.fold_accuracies))
    return Rival("original_configuration", mean, original.fold_accuracies, test, duel, test_duel)


def _out_of_fold(evidence: Evidence, right: NDArray[np.bool_]) -> Duel:
    winner = evidence.out_of_fold.correct[:, winning_column(evidence)]
    return _duel(winner, right, sampling_groups(evidence, evidence.development.groups))


def _on_test(evidence: Evidence, probabilities: NDArray[np.floating] | None) -> tuple[float | None, Duel | None]:
    test = evidence.test
    if test is None or probabilities is None:
        return None, None
    right = called_resistant(probabilities) == test.labels
    winner = called_resistant(test.probabilities) == test.labels
    return float(right.mean()), _duel(winner, right, sampling_groups(evidence, test.groups))


def _duel(winner: NDArray[np.bool_], other: NDArray[np.bool_], groups: NDArray[np.int64]) -> Duel:
    return Duel(mcnemar(winner, other), mcnemar(winner, other, groups))
