"""The chosen trial beside its baselines, on the same rows: scores and paired tests."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.baselines import Baseline
from hpo.evaluation.calls import called_resistant
from hpo.evaluation.comparison import Paired, PairedScores, mcnemar
from hpo.report.answer import answer_right
from hpo.report.by_objective import BaselineByObjective, baseline_by_objective
from hpo.report.copies import sampling_groups
from hpo.report.evidence import Evidence

#: Baselines that learn; the majority class is there for scale only.
PLAIN = (
    "identical_sequence",
    "logistic_regression",
    "mutation_logistic_regression",
    "kmer_logistic_regression",
)


#: Those that can be kept, and predict any gene.
REGRESSIONS = tuple(name for name in PLAIN if name != "identical_sequence")
#: What is used where no regression is as good.
NETWORK = "network"
Ahead = Literal["chosen", "baseline"]
#: A comparison on the same rows, the chosen trial first: by which of them is right, or by another objective.
Judged = Paired | PairedScores


@dataclass(frozen=True)
class PairedTests:
    """The chosen trial (first) against a baseline, counted twice."""

    rows: Paired  #: every row is a case
    cases: Paired  #: rows that were sampled together are one case; the same as `rows` where none were


@dataclass(frozen=True)
class ComparedBaseline:
    """A baseline beside the chosen trial, on the same rows."""

    name: str
    cv: float  #: mean of the folds that it was tried on
    fold_accuracies: tuple[float, ...]
    test: float | None
    paired_in_cv: PairedTests | None  #: on the rows of these folds; None where no single predictions are kept
    paired_on_test: PairedTests | None
    by_objective: BaselineByObjective | None = None  #: which then decides

    @property
    def on_one_fold(self) -> bool:
        """Whether it was tried on the first fold alone."""
        return len(self.fold_accuracies) == 1

    @property
    def paired_tests(self) -> PairedTests | None:
        """The paired tests that count: on test rows where there are any, else out of fold."""
        return self.paired_on_test or self.paired_in_cv

    @property
    def paired(self) -> Paired | None:
        """The paired test that counts."""
        return None if self.paired_tests is None else self.paired_tests.cases

    @property
    def judged_in_cv(self) -> Judged | None:
        """What decides who is better, on development rows."""
        if self.by_objective is not None:
            return self.by_objective.in_cv
        return None if self.paired_in_cv is None else self.paired_in_cv.cases

    @property
    def judged_on_test(self) -> Judged | None:
        """What decides who is better, on test rows; None where there are none."""
        if self.by_objective is not None:
            return self.by_objective.on_test
        return None if self.paired_on_test is None else self.paired_on_test.cases

    @property
    def judged(self) -> Judged | None:
        """The comparison that counts."""
        return self.judged_on_test or self.judged_in_cv

    @property
    def score(self) -> float:
        """Score on the rows of that comparison, by the study's objective; higher is better."""
        if self.by_objective is not None:
            return self.by_objective.cv if self.by_objective.test is None else self.by_objective.test
        return self.cv if self.test is None else self.test

    @property
    def test_score(self) -> float | None:
        """Score on the test set, likewise."""
        return self.test if self.by_objective is None else self.by_objective.test

    @property
    def cv_score(self) -> float:
        """Score in cross-validation, likewise."""
        return self.cv if self.by_objective is None else self.by_objective.cv

    @property
    def ahead(self) -> Ahead | None:
        """Who is better by more than chance; None where nobody is.

        The test decides. Where its rows are too few to, cross-validation may decide for the baseline: what is told of
        the chosen trial there is flattered by the choice among trials, and of the baseline it is not.
        """
        if self.judged_on_test is None:
            return _ahead(self.judged_in_cv)
        on_test = _ahead(self.judged_on_test)
        return on_test or ("baseline" if _ahead(self.judged_in_cv) == "baseline" else None)

    @property
    def is_beaten(self) -> bool:
        """Whether the chosen trial is better by more than chance."""
        return self.ahead == "chosen"

    @property
    def is_beaten_only_in_cv(self) -> bool:
        """Whether the test rows could not decide, but development rows could, for the chosen trial."""
        on_test = self.judged_on_test
        return on_test is not None and not on_test.differs and _ahead(self.judged_in_cv) == "chosen"


def _ahead(judged: Judged | None) -> Ahead | None:
    if judged is None or not judged.differs:
        return None
    return "chosen" if judged.first_is_ahead else "baseline"


def compare_baselines(evidence: Evidence) -> tuple[ComparedBaseline, ...]:
    """Compares every baseline with the chosen trial; the original's configuration comes last."""
    baselines = [_from_baseline(evidence, baseline) for baseline in evidence.baselines]
    original = _original(evidence)
    return (*baselines, original) if original else tuple(baselines)


def _from_baseline(evidence: Evidence, baseline: Baseline) -> ComparedBaseline:
    right = called_resistant(baseline.probabilities) == evidence.development.labels
    return ComparedBaseline(
        baseline.name,
        baseline.cv,
        baseline.fold_accuracies,
        baseline.test_accuracy,
        _out_of_fold(evidence, right, np.ones(len(right), dtype=np.bool_)),
        _on_test(evidence, baseline.test_probabilities)[1],
        baseline_by_objective(
            evidence, range(len(baseline.fold_accuracies)), baseline.probabilities, baseline.test_probabilities
        ),
    )


def _original(evidence: Evidence) -> ComparedBaseline | None:
    original = evidence.original
    if original is None:
        return None
    paired = _out_of_fold(evidence, original.correct, evidence.development.folds < len(original.fold_accuracies))
    test, paired_on_test = _on_test(evidence, original.test_probabilities)
    mean = float(np.mean(original.fold_accuracies))
    scored = (
        None
        if original.probabilities is None
        else baseline_by_objective(
            evidence, range(len(original.fold_accuracies)), original.probabilities, original.test_probabilities
        )
    )
    return ComparedBaseline(
        "original_configuration", mean, original.fold_accuracies, test, paired, paired_on_test, scored
    )


def _out_of_fold(evidence: Evidence, right: NDArray[np.bool_], rows: NDArray[np.bool_]) -> PairedTests:
    chosen = answer_right(evidence)[rows]
    return _paired_tests(chosen, right, sampling_groups(evidence, evidence.development.groups[rows]))


def _on_test(evidence: Evidence, probabilities: NDArray[np.floating] | None) -> tuple[float | None, PairedTests | None]:
    test = evidence.test
    if test is None or probabilities is None:
        return None, None
    right = called_resistant(probabilities) == test.labels
    chosen = called_resistant(test.probabilities) == test.labels
    return float(right.mean()), _paired_tests(chosen, right, sampling_groups(evidence, test.groups))


def _paired_tests(chosen: NDArray[np.bool_], other: NDArray[np.bool_], groups: NDArray[np.int64]) -> PairedTests:
    return PairedTests(mcnemar(chosen, other), mcnemar(chosen, other, groups))
