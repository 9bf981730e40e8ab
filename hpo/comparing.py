"""Two studies side by side: which search found the better network, judged on the same rows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hpo.errors import ContractError
from hpo.evaluation.comparison import mcnemar
from hpo.evaluation.intervals import Z, grouped_variance
from hpo.finalizing.trials import read_search
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from model.splitting import group_ids


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a study found."""

    study: str
    trial: int
    #: Mean over the folds.
    cv_accuracy: float
    trials: int
    folds_trained: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two studies; differences are the first's minus the second's, over the development rows."""

    first: Compared
    second: Compared
    rows: int
    difference: float
    interval95: tuple[float, float]
    only_first_right: int
    only_second_right: int
    p_value: float

    def as_dict(self) -> dict[str, Any]:
        """As `hpo compare --json` prints it."""
        return asdict(self)

    def in_words(self) -> str:
        """Says which is better, if that can be told."""
        low, high = (100 * bound for bound in self.interval95)
        told = f"{100 * self.difference:+.1f} points (95 % interval {low:+.1f} to {high:+.1f}, p = {self.p_value:.3f})"
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
    (one, one_right), (other, other_right) = _found(first, rows), _found(second, others_rows)
    correct = np.stack([one_right, other_right], axis=1)
    groups = _groups(first, rows)
    difference = correct[:, [0]].astype(np.int8) - correct[:, [1]]
    margin = float(Z * np.sqrt(grouped_variance(difference, groups))[0])
    mean = float(difference.mean())
    paired = mcnemar(correct[:, 0], correct[:, 1], groups)
    return Comparison(
        first=one,
        second=other,
        rows=len(correct),
        difference=mean,
        interval95=(mean - margin, mean + margin),
        only_first_right=paired.only_first_right,
        only_second_right=paired.only_second_right,
        p_value=paired.p_value,
    )


def _found(opened: OpenedStudy, development: DevelopmentRows) -> tuple[Compared, np.ndarray]:
    search = read_search(opened, development)
    best = search.best
    compared = Compared(
        study=opened.handle.name,
        trial=best.number,
        cv_accuracy=float(best.value or 0.0),
        trials=len(search.trials),
        folds_trained=opened.storage.ledger.overview(opened.handle.study_id, opened.budget).folds,
    )
    return compared, search.out_of_fold.correct[:, search.out_of_fold.numbers.index(best.number)]


def _groups(opened: OpenedStudy, development: DevelopmentRows) -> np.ndarray:
    """Copies of a sequence are no further witnesses."""
    genes = development.genes
    if opened.contract.splitting.duplicates != "together":
        return np.arange(len(genes))
    return group_ids(genes, opened.contract.search.space.encodings, opened.contract.settings.genetic_code)
