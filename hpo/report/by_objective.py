"""The answer by the study's own objective, where that is not accuracy: in cross-validation, on the test set.

Everything else in a report is told in accuracies, which stay honest whatever a trial was chosen by; what it was chosen
by, and what the search went by, is told from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.evaluation.blend_score import correct_blend
from hpo.evaluation.comparison import PairedScores, paired_scores
from hpo.evaluation.intervals import Interval, grouped_variance, score_interval
from hpo.evaluation.objective import BOUNDS, points, points_of_folds, scores_of_folds
from hpo.evaluation.selection_bias import CorrectedAccuracy, correct_selection_bias
from hpo.report.answer import answer_probabilities, best_column, blend_of, chosen_column
from hpo.report.copies import sampling_groups
from hpo.report.evidence import Evidence


@dataclass(frozen=True)
class AnswerByObjective:
    """Scores; higher is better."""

    objective: Objective
    fold_scores: tuple[float, ...]  #: of the chosen trial
    corrected: CorrectedAccuracy  #: of the answer; its naive figures are the chosen trial's
    test: float | None
    test_interval: Interval | None

    @property
    def mean(self) -> float:
        """Of the chosen trial's folds."""
        return self.corrected.naive_mean


@dataclass(frozen=True)
class BaselineByObjective:
    """A baseline beside the answer, on the same rows."""

    cv: float  #: mean of the folds that it was tried on
    own_cv: float  #: of the answer, on these folds
    in_cv: PairedScores  #: the answer first
    test: float | None
    own_test: float | None
    on_test: PairedScores | None

    @property
    def judged(self) -> PairedScores:
        """The comparison that counts: on test rows where there are any."""
        return self.on_test or self.in_cv


def objective_points(evidence: Evidence) -> NDArray[np.float64] | None:
    """Returns [N, C] what each row has to do with each trial's score; None where accuracy is the objective."""
    objective, found = evidence.objective, evidence.out_of_fold.probabilities
    if objective == "accuracy" or found is None:
        return None
    labels, folds = evidence.development.labels, evidence.development.folds
    return np.stack([points_of_folds(objective, labels, column, folds) for column in found.T], axis=1)


def answer_by_objective(evidence: Evidence, of_trials: NDArray[np.float64] | None) -> AnswerByObjective | None:
    """Scores the answer; None where accuracy is the objective.

    Args:
        evidence: Of the study.
        of_trials: From `objective_points`.
    """
    found = evidence.out_of_fold.probabilities
    if of_trials is None or found is None:
        return None
    objective, development = evidence.objective, evidence.development
    bounds, seed = BOUNDS[objective], evidence.contract.seed
    column, groups = chosen_column(evidence), sampling_groups(evidence, development.groups)
    fold_scores = scores_of_folds(objective, development.labels, found[:, column], development.folds)
    corrected = correct_selection_bias(
        of_trials,
        column,
        groups,
        best=best_column(evidence),
        naive_mean=float(np.mean(fold_scores)),
        bounds=bounds,
        seed=seed,
    )
    if (blend := blend_of(evidence)) is not None:

        def give(
            labels: NDArray[np.bool_], probabilities: NDArray[np.floating], rows: NDArray[np.intp]
        ) -> NDArray[np.float64]:
            return points_of_folds(objective, labels, probabilities, development.folds[rows])

        of_blend = correct_blend(blend, groups, chosen_by=of_trials, points=give, bounds=bounds, seed=seed)
        corrected = replace(of_blend, naive_mean=corrected.naive_mean, naive_interval=corrected.naive_interval)
    return AnswerByObjective(objective, fold_scores, corrected, *_test(evidence))


def _test(evidence: Evidence) -> tuple[float | None, Interval | None]:
    test, objective = evidence.test, evidence.objective
    if test is None:
        return None, None
    given, groups = points(objective, test.labels, test.probabilities), sampling_groups(evidence, test.groups)
    mean, variance = float(given.mean()), float(grouped_variance(given, groups))
    return mean, score_interval(mean, variance, len(given), len(np.unique(groups)), BOUNDS[objective])


def baseline_by_objective(
    evidence: Evidence, folds: Sequence[int], out_of_fold: NDArray[np.floating], on_test: NDArray[np.floating] | None
) -> BaselineByObjective | None:
    """Scores a baseline beside the answer; None where accuracy is the objective.

    Args:
        evidence: Of the study.
        folds: On which it was tried.
        out_of_fold: [rows of these folds], its P(resistant).
        on_test: [M], likewise; None where it has none.
    """
    objective, development, test = evidence.objective, evidence.development, evidence.test
    if objective == "accuracy":
        return None
    rows = np.isin(development.folds, folds)
    labels, fold_of_row = development.labels[rows], development.folds[rows]
    own, other = (
        points_of_folds(objective, labels, probabilities, fold_of_row)
        for probabilities in (answer_probabilities(evidence)[rows], out_of_fold)
    )
    in_cv = paired_scores(own, other, sampling_groups(evidence, development.groups[rows]))
    scores: tuple[float | None, float | None, PairedScores | None] = (None, None, None)
    if test is not None and on_test is not None:
        ours, theirs = (
            points(objective, test.labels, probabilities) for probabilities in (test.probabilities, on_test)
        )
        paired = paired_scores(ours, theirs, sampling_groups(evidence, test.groups))
        scores = (float(theirs.mean()), float(ours.mean()), paired)
    return BaselineByObjective(float(other.mean()), float(own.mean()), in_cv, *scores)
