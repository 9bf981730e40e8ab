"""What follows from the evidence: every statistic of the report, computed once and shown everywhere alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.evaluation.blend_score import correct_blend
from hpo.evaluation.calls import called_resistant
from hpo.evaluation.comparison import Gap, gap, tied_with
from hpo.evaluation.intervals import Interval, accuracy_interval
from hpo.evaluation.metrics import Measured, Slice, measure, slice_accuracy, slices_by_length
from hpo.evaluation.selection_bias import CorrectedAccuracy, correct_selection_bias
from hpo.report.answer import answer_probabilities, answer_right, best_column, blend_of, chosen_column
from hpo.report.baseline_comparison import (
    NETWORK,
    PLAIN,
    REGRESSIONS,
    ComparedBaseline,
    compare_baselines,
)
from hpo.report.by_objective import AnswerByObjective, answer_by_objective, objective_points
from hpo.report.copies import Copies, count_copies, sampling_groups
from hpo.report.evidence import Evidence, FinishedTrial, PositionEffects, TestSet


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The chosen trial in cross-validation, and the answer: the same, or the blend that it is part of."""

    fold_accuracies: tuple[float, ...]  #: of the chosen trial, like mean and std
    mean: float
    std: float  #: over the folds, with K - 1
    corrected: CorrectedAccuracy  #: of the answer; its naive figures are the chosen trial's
    measured: Measured  #: of the answer's out-of-fold predictions
    answer_accuracies: tuple[float, ...]  #: of the answer, by fold


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
    copies: Copies


@dataclass(frozen=True)
class Progress:
    """How far the search had come when a trial was spent."""

    trial: int
    best: float | None  #: highest mean score of the complete trials up to this number; None before the first


@dataclass(frozen=True, eq=False)
class Statistics:
    """Everything that the pages say in figures."""

    cv: CrossValidation
    by_objective: AnswerByObjective | None  #: where accuracy is not what trials were compared by
    test: Tested | None
    baselines: tuple[ComparedBaseline, ...]  #: the original's configuration last
    tied: tuple[FinishedTrial, ...]  #: complete trials that cannot be told from the chosen trial, best first
    progress: tuple[Progress, ...]  #: by number

    @property
    def objective(self) -> Objective:
        """What trials were compared by."""
        return "accuracy" if self.by_objective is None else self.by_objective.objective

    @property
    def compared_by(self) -> tuple[float, float]:
        """The chosen trial's score in cross-validation by the objective, and corrected for the choice."""
        if (scored := self.by_objective) is not None:
            return scored.mean, scored.corrected.corrected_mean
        return self.cv.mean, self.cv.corrected.corrected_mean

    def baseline(self, name: str) -> ComparedBaseline | None:
        """Finds a baseline by its name."""
        return next((baseline for baseline in self.baselines if baseline.name == name), None)

    def best_plain(self) -> ComparedBaseline | None:
        """Finds the plain baseline that counts: one better than the chosen trial, else the one that does best."""
        return self._best_of(PLAIN)

    def in_use(self) -> str | None:
        """Names what the answer advises to use: the network, a regression that is as good or better, or nothing."""
        regression, guesses = self._best_of(REGRESSIONS), self.only_guesses()
        if regression is None or regression.judged is None or regression.is_beaten:
            return None if guesses else NETWORK
        return None if guesses and regression.ahead != "baseline" else regression.name

    def only_guesses(self) -> bool:
        """Says whether nothing shows that the network is better than always saying the commoner class."""
        majority = self.baseline("majority")
        if majority is None or majority.judged is None or majority.is_beaten:
            return False
        # The test rows may be too few to tell what cross-validation tells, which they then do not contradict.
        agrees = self.test is not None and not self.test.corrected_gap.is_more_than_noise
        return not (agrees and majority.is_beaten_only_in_cv)

    def _best_of(self, names: Sequence[str]) -> ComparedBaseline | None:
        among = [baseline for baseline in self.baselines if baseline.name in names]
        return max(among, key=lambda baseline: (baseline.ahead == "baseline", baseline.score), default=None)

    def own_score(self, baseline: ComparedBaseline) -> float:
        """Returns the chosen trial's score on the rows that the baseline's counts on."""
        if (scored := baseline.by_objective) is not None:
            return scored.own_cv if scored.own_test is None else scored.own_test
        if baseline.test is None or self.test is None:
            return float(np.mean(self.cv.answer_accuracies[: len(baseline.fold_accuracies)]))
        return self.test.measured.rates.accuracy


def derive(evidence: Evidence) -> Statistics:
    """Computes every statistic of the report."""
    points = objective_points(evidence)
    cv = _cross_validation(evidence, points)
    return Statistics(
        cv=cv,
        by_objective=answer_by_objective(evidence, points),
        test=None if evidence.test is None else _tested(evidence, evidence.test, cv),
        baselines=compare_baselines(evidence),
        tied=_tied(evidence, points),
        progress=tuple(_progress(evidence.trials)),
    )


def count_states(trials: Sequence[FinishedTrial]) -> dict[str, int]:
    """Counts finished trials by state: complete, pruned, failed."""
    names = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    return {name: sum(trial.state == state for trial in trials) for name, state in names.items()}


def top_positions(positions: PositionEffects, count: int) -> list[int]:
    """Finds the positions with the largest effects, counted from 1, the largest first; only those above noise."""
    order = np.argsort(-positions.effect, kind="stable")[:count]
    return [int(place) + 1 for place in order if positions.effect[place] > positions.noise]


def _cross_validation(evidence: Evidence, points: NDArray[np.float64] | None) -> CrossValidation:
    development = evidence.development
    column, groups = chosen_column(evidence), sampling_groups(evidence, development.groups)
    folds = _by_fold(evidence, evidence.out_of_fold.correct[:, column])
    mean, seed = float(np.mean(folds)), evidence.contract.seed
    corrected = correct_selection_bias(
        evidence.out_of_fold.correct,
        column,
        groups,
        best=best_column(evidence),
        chosen_by=points,
        naive_mean=mean,
        seed=seed,
    )
    answer, blend = folds, blend_of(evidence)
    if blend is not None:
        answer = _by_fold(evidence, answer_right(evidence))
        of_blend = correct_blend(blend, groups, chosen_by=points, naive_mean=float(np.mean(answer)), seed=seed)
        corrected = replace(of_blend, naive_mean=mean, naive_interval=corrected.naive_interval)
    std = float(np.std(folds, ddof=1)) if len(folds) > 1 else 0.0
    measured = measure(development.labels, answer_probabilities(evidence))
    return CrossValidation(folds, mean, std, corrected, measured, answer)


def _by_fold(evidence: Evidence, right: NDArray[np.bool_]) -> tuple[float, ...]:
    folds = evidence.development.folds
    return tuple(float(right[folds == k].mean()) for k in np.unique(folds))


def _tested(evidence: Evidence, test: TestSet, cv: CrossValidation) -> Tested:
    correct = called_resistant(test.probabilities) == test.labels
    groups = sampling_groups(evidence, test.groups)
    accuracy, interval = float(correct.mean()), accuracy_interval(correct, groups)
    by_class = [
        slice_accuracy(name, correct, rows, groups)
        for name, rows in (("resistant", test.labels), ("susceptible", ~test.labels))
    ]
    return Tested(
        measured=measure(test.labels, test.probabilities),
        interval=interval,
        gap=gap(cv.mean, cv.corrected.naive_interval, accuracy, interval),
        corrected_gap=gap(cv.corrected.corrected_mean, cv.corrected.interval, accuracy, interval),
        unseen=slice_accuracy("never seen in development", correct, test.unseen, groups),
        seen=slice_accuracy("also in development", correct, ~test.unseen, groups),
        by_length=slices_by_length(correct, test.lengths, groups=groups),
        by_class=[part for part in by_class if part],
        copies=count_copies(correct, test.groups),
    )


def _progress(trials: Sequence[FinishedTrial]) -> Iterator[Progress]:
    best = None
    for trial in trials:
        if trial.state == "COMPLETE" and trial.mean is not None:
            best = trial.mean if best is None else max(best, trial.mean)
        yield Progress(trial.number, best)


def _tied(evidence: Evidence, points: NDArray[np.float64] | None) -> tuple[FinishedTrial, ...]:
    groups = sampling_groups(evidence, evidence.development.groups)
    right = evidence.out_of_fold.correct if points is None else points
    columns = tied_with(right, chosen_column(evidence), groups)
    numbers = {evidence.out_of_fold.numbers[column] for column in columns}
    tied = [trial for trial in evidence.trials if trial.number in numbers]
    return tuple(sorted(tied, key=lambda trial: (-(trial.mean or 0.0), trial.number)))
