"""What follows from the evidence: every statistic of the report, computed once and shown everywhere alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.baselines import Baseline
from hpo.evaluation.comparison import Gap, Paired, gap, mcnemar, tied_with
from hpo.evaluation.intervals import Interval, accuracy_interval
from hpo.evaluation.metrics import (
    Measured,
    Slice,
    called_resistant,
    measure,
    slice_accuracy,
    slices_by_length,
)
from hpo.evaluation.selection_bias import CorrectedAccuracy, correct_selection_bias
from hpo.report.evidence import Evidence, PositionEffects, TestSet, Trial

#: Baselines that learn; the majority class is there for scale only.
PLAIN = ("identical_sequence", "logistic_regression", "kmer_logistic_regression")


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The winner in cross-validation."""

    fold_accuracies: tuple[float, ...]
    mean: float
    std: float  #: over the folds, with K - 1
    corrected: CorrectedAccuracy
    measured: Measured  #: of the out-of-fold predictions


@dataclass(frozen=True, eq=False)
class Tested:
    """The final model on the test set."""

    measured: Measured
    interval: Interval
    gap: Gap  #: naive CV minus test
    corrected_gap: Gap
    unseen: Slice | None
    seen: Slice | None
    by_length: Sequence[Slice]
    by_class: Sequence[Slice]


@dataclass(frozen=True)
class Rival:
    """A baseline beside the winner, on the same rows."""

    name: str
    cv: float
    fold_accuracies: tuple[float, ...]
    test: float | None
    cv_paired: Paired | None  #: first is the winner; None where no single predictions are kept
    test_paired: Paired | None

    @property
    def paired(self) -> Paired | None:
        """The paired test that counts: on test rows where there are any, else out of fold."""
        return self.test_paired or self.cv_paired


@dataclass(frozen=True, eq=False)
class Answer:
    """Everything that the pages say in figures."""

    cv: CrossValidation
    test: Tested | None
    rivals: tuple[Rival, ...]  #: the original's configuration last
    tied: tuple[Trial, ...]  #: complete trials that cannot be told from the winner, best first

    def rival(self, name: str) -> Rival | None:
        """Find a baseline by its name."""
        return next((rival for rival in self.rivals if rival.name == name), None)

    def best_plain(self) -> Rival | None:
        """Find the plain baseline that does best: on the test set if it is open, else in CV."""
        plain = [rival for rival in self.rivals if rival.name in PLAIN]
        return max(plain, key=_score, default=None)


def _score(rival: Rival) -> float:
    return rival.cv if rival.test is None else rival.test


def derive(evidence: Evidence) -> Answer:
    """Compute every statistic of the report."""
    cv = _cross_validation(evidence)
    return Answer(
        cv=cv,
        test=None if evidence.test is None else _tested(evidence, evidence.test, cv),
        rivals=_rivals(evidence),
        tied=_tied(evidence),
    )


def sampling_groups(evidence: Evidence, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Say which rows were sampled together.

    Where identical sequences are kept together, whole groups were dealt to folds and test; where they are
    spread, single rows were.
    """
    return groups if evidence.contract.duplicates == "together" else np.arange(len(groups))


def winning_column(evidence: Evidence) -> int:
    """Find the winner's column in the matrix of out-of-fold predictions."""
    return evidence.out_of_fold.numbers.index(evidence.winner.number)


def top_positions(positions: PositionEffects, count: int) -> list[int]:
    """Find the positions with the largest effects, counted from 1, the largest first; only those with any."""
    order = np.argsort(-positions.effect, kind="stable")[:count]
    return [int(place) + 1 for place in order if positions.effect[place] > 0]


def _cross_validation(evidence: Evidence) -> CrossValidation:
    development = evidence.development
    column = winning_column(evidence)
    correct = evidence.out_of_fold.correct
    folds = tuple(float(correct[development.folds == k, column].mean()) for k in np.unique(development.folds))
    mean = float(np.mean(folds))
    corrected = correct_selection_bias(
        correct,
        column,
        sampling_groups(evidence, development.groups),
        naive_mean=mean,
        seed=evidence.contract.seed,
    )
    std = float(np.std(folds, ddof=1)) if len(folds) > 1 else 0.0
    return CrossValidation(folds, mean, std, corrected, measure(development.labels, evidence.winner.probabilities))


def _tested(evidence: Evidence, test: TestSet, cv: CrossValidation) -> Tested:
    correct = called_resistant(test.probabilities) == test.labels
    accuracy = float(correct.mean())
    interval = accuracy_interval(correct, sampling_groups(evidence, test.groups))
    by_class = [
        slice_accuracy(name, correct, rows)
        for name, rows in (("resistant", test.labels), ("susceptible", ~test.labels))
    ]
    return Tested(
        measured=measure(test.labels, test.probabilities),
        interval=interval,
        gap=gap(cv.mean, cv.corrected.naive_interval, accuracy, interval),
        corrected_gap=gap(cv.corrected.corrected_mean, cv.corrected.interval, accuracy, interval),
        unseen=slice_accuracy("never seen in development", correct, test.unseen),
        seen=slice_accuracy("also in development", correct, ~test.unseen),
        by_length=slices_by_length(correct, test.lengths),
        by_class=[part for part in by_class if part],
    )


def _rivals(evidence: Evidence) -> tuple[Rival, ...]:
    rivals = [_from_baseline(evidence, baseline) for baseline in evidence.baselines]
    original = _original(evidence)
    return (*rivals, original) if original else tuple(rivals)


def _from_baseline(evidence: Evidence, baseline: Baseline) -> Rival:
    right = called_resistant(baseline.probabilities) == evidence.development.labels
    winner = evidence.out_of_fold.correct[:, winning_column(evidence)]
    return Rival(
        baseline.name,
        baseline.cv,
        baseline.fold_accuracies,
        baseline.test_accuracy,
        mcnemar(winner, right),
        _on_test(evidence, baseline.test_probabilities)[1],
    )


def _original(evidence: Evidence) -> Rival | None:
    original = evidence.original
    if original is None or not original.fold_accuracies:
        return None
    out_of_fold, winner = evidence.out_of_fold, winning_column(evidence)
    paired = None
    if original.number in out_of_fold.numbers:
        column = out_of_fold.numbers.index(original.number)
        paired = mcnemar(out_of_fold.correct[:, winner], out_of_fold.correct[:, column])
    test, test_paired = _on_test(evidence, original.test_probabilities)
    mean = float(np.mean(original.fold_accuracies))
    return Rival("original_configuration", mean, original.fold_accuracies, test, paired, test_paired)


def _on_test(evidence: Evidence, probabilities: NDArray[np.floating] | None) -> tuple[float | None, Paired | None]:
    test = evidence.test
    if test is None or probabilities is None:
        return None, None
    right = called_resistant(probabilities) == test.labels
    winner = called_resistant(test.probabilities) == test.labels
    return float(right.mean()), mcnemar(winner, right)


def _tied(evidence: Evidence) -> tuple[Trial, ...]:
    groups = sampling_groups(evidence, evidence.development.groups)
    columns = tied_with(evidence.out_of_fold.correct, winning_column(evidence), groups)
    numbers = {evidence.out_of_fold.numbers[column] for column in columns}
    tied = [trial for trial in evidence.trials if trial.number in numbers]
    return tuple(sorted(tied, key=lambda trial: (-(trial.mean or 0.0), trial.number)))
