"""Two studies side by side: which search found the better network, judged on the same rows."""

from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.errors import ContractError
from hpo.evaluation.calls import called_resistant
from hpo.evaluation.comparison import mcnemar, paired_scores
from hpo.evaluation.objective import points_of_folds
from hpo.finalizing.trials import read_search
from hpo.objectives import NAMES, SHARES, measured
from hpo.study.attributes import fold_accuracies
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import DevelopmentRows, labels_of, load_development_rows
from model.splitting import group_ids


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a study found."""

    study: str
    trial: int
    #: Mean over the folds.
    cv_accuracy: float
    #: What its trials were compared by, and what the best one reached.
    objective: Objective
    cv_score: float
    trials: int
    folds_trained: int

    def best_in_words(self) -> str:
        """Says what the best one reached."""
        accuracy = f"CV accuracy {self.cv_accuracy:.4f}"
        if self.objective == "accuracy":
            return accuracy
        return f"CV {NAMES[self.objective]} {self.cv_score:.4f}, accuracy {self.cv_accuracy:.4f}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two studies; differences are the first's minus the second's, over the development rows."""

    first: Compared
    second: Compared
    #: What they are compared by: that of both studies, or accuracy where they have different ones.
    objective: Objective
    rows: int
    #: Of scores: higher is better.
    difference: float
    interval95: tuple[float, float]
    #: Groups of rows on which one is right more often, whatever the objective.
    only_first_right: int
    only_second_right: int
    p_value: float

    def as_dict(self) -> dict[str, Any]:
        """As `hpo compare --json` prints it."""
        return asdict(self)

    @property
    def _by(self) -> str:
        lower = ", above 0 where the first is lower" if self.objective == "log_loss" else ""
        return f" of {NAMES[self.objective]}{lower}"

    def in_words(self) -> str:
        """Says which is better, if that can be told."""
        scale, digits = (100, 1) if self.objective in SHARES else (1, 4)
        mean, low, high = (f"{scale * figure:+.{digits}f}" for figure in (self.difference, *self.interval95))
        unit = " points" if scale == 100 else ""
        # A difference of losses is turned over: above 0 the first is better, whatever the objective.
        by = "" if self.objective == "accuracy" and self.first.objective == self.second.objective else self._by
        told = f"{mean}{unit}{by} (95 % interval {low} to {high}, p = {self.p_value:.3f})"
        if self.interval95[0] <= 0.0 <= self.interval95[1]:
            return f"They cannot be told apart on these {self.rows} rows: {told}."
        better, other = (self.first, self.second) if self.difference > 0 else (self.second, self.first)
        return (
            f"{better.study} is better than {other.study}: {told}, first minus second, not corrected for the searches."
        )


def compare(first: OpenedStudy, second: OpenedStudy) -> Comparison:
    """Compares the best trials of two studies by their out-of-fold predictions, in pairs.

    Args:
        first: A study.
        second: Another one of the same data and split; space, budget and settings may differ.

    Raises:
        ContractError: They have other development rows.
        NotFinishedError: One of them has no complete trial.
    """
    sealed = [opened.contract.data.development.fingerprint for opened in (first, second)]
    if sealed[0] != sealed[1]:
        raise ContractError(
            f"Studies {first.handle.name!r} and {second.handle.name!r} learn from other rows: they cannot be compared "
            "row by row.",
            "Studies of the same file, --seed, --test-size and --duplicates have the same rows.",
        )
    rows, others_rows = (load_development_rows(opened.contract, opened.artifacts) for opened in (first, second))
    (one, ours), (other, theirs) = _found(first, rows), _found(second, others_rows)
    groups, labels = _groups(first, rows), labels_of(rows.genes)
    ours_right, theirs_right = (called_resistant(probabilities) == labels for probabilities in (ours, theirs))
    right = mcnemar(ours_right, theirs_right, groups)
    objective = one.objective if one.objective == other.objective else "accuracy"
    if objective == "accuracy":
        scores = paired_scores(ours_right.astype(np.float64), theirs_right.astype(np.float64), groups)
        scores = replace(scores, p_value=right.p_value)
    else:
        scores = paired_scores(
            points_of_folds(objective, labels, ours, rows.folds),
            points_of_folds(objective, labels, theirs, others_rows.folds),
            groups,
        )
    return Comparison(
        first=one,
        second=other,
        objective=objective,
        rows=len(labels),
        difference=scores.difference,
        interval95=(scores.interval.low, scores.interval.high),
        only_first_right=right.only_first_right,
        only_second_right=right.only_second_right,
        p_value=scores.p_value,
    )


def _found(opened: OpenedStudy, development: DevelopmentRows) -> tuple[Compared, NDArray[np.float64]]:
    search = read_search(opened, development)
    best, objective = search.best, opened.contract.search.objective
    accuracies = fold_accuracies(best.user_attrs)
    compared = Compared(
        study=opened.handle.name,
        trial=best.number,
        cv_accuracy=sum(accuracies) / len(accuracies),
        objective=objective,
        cv_score=measured(objective, float(best.value or 0.0)),
        trials=len(search.trials),
        folds_trained=opened.storage.ledger.overview(opened.handle.study_id, opened.budget).folds,
    )
    found = search.out_of_fold
    return compared, cast(NDArray[np.float64], found.probabilities)[:, found.numbers.index(best.number)]


def _groups(opened: OpenedStudy, development: DevelopmentRows) -> np.ndarray:
    """Copies of a sequence are no further witnesses."""
    genes = development.genes
    if opened.contract.splitting.duplicates != "together":
        return np.arange(len(genes))
    return group_ids(genes, opened.contract.search.space.encodings, opened.contract.settings.genetic_code)
