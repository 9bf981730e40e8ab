"""Everything a report is made from, as it was measured: `finalize` fills it, the report derives the rest.

Values only: no statistics, no words; contract, curves and inspection are the originals. Arrays are in development or
test row order.
Letters: N development rows, M test rows, C complete trials, K folds, T tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hpo.choices import Objective
from hpo.evaluation.baselines import Baseline
from hpo.study.contract import Contract
from hpo.study.ending import Ended
from hpo.study.pruning import Pruning
from model.epochs import Curves
from model.inspection import Inspection

ParamValue = str | int | float | bool | None
State = Literal["COMPLETE", "PRUNED", "FAIL"]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What the search cost."""

    budget: int
    folds_trained: int
    folds_saved: int  #: folds that pruning spared
    seconds: float  #: sum of the training time of all folds
    foreign: int = 0  #: trials of the study that other programs added or ran: not counted
    pruning: Pruning | None = None  #: what pruning costs, where trials are pruned by chance
    ended: Ended | None = None  #: that the search ended before the budget that it was given was spent


@dataclass(frozen=True, kw_only=True)
class FinishedTrial:
    """One finished trial."""

    number: int
    state: State
    params: Mapping[str, ParamValue]  #: resolved configuration: hyperparameter -> value
    fold_accuracies: tuple[float, ...]  #: fewer than K where it was pruned or failed
    #: By the study's objective, where that is not accuracy; higher is better.
    objective_scores: tuple[float, ...] | None = None
    chosen_epoch: int | None
    seconds: float
    network_parameters: int | None = None
    reason: str = ""  #: why it failed

    @property
    def fold_scores(self) -> tuple[float, ...]:
        """Of the folds that were trained, by the study's objective; higher is better."""
        return self.fold_accuracies if self.objective_scores is None else self.objective_scores

    @property
    def mean(self) -> float | None:
        """Mean score of the folds that were trained: what trials are compared by."""
        return float(np.mean(self.fold_scores)) if self.fold_scores else None


@dataclass(frozen=True)
class LeftOut:
    """A finished trial of the budget that nothing in the report rests on."""

    number: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of the network, for its picture."""

    name: str  #: "Embedding", "BiLSTM 1", "Mean over time", "Sigmoid"
    output: str  #: "T x 50"
    parameters: int
    note: str = ""  #: "dropout 0.18"


@dataclass(frozen=True, kw_only=True, eq=False)
class ChosenTrialDetails:
    """What is known of the chosen trial beside what is known of every trial."""

    number: int
    params: Mapping[str, ParamValue]
    chosen_epoch: int  #: 1-based, one for all folds
    fold_curves: tuple[Curves, ...]  #: [K]
    probabilities: NDArray[np.floating]  #: [N] out of fold, at the chosen epoch
    layers: tuple[Layer, ...]
    instead_of: int | None = None  #: the trial with the highest score, where a simpler one was preferred to it


@dataclass(frozen=True, kw_only=True, eq=False)
class Original:
    """The original's configuration, trial 0, on all folds or on the first."""

    number: int
    fold_accuracies: tuple[float, ...]
    correct: NDArray[np.bool_]  #: [rows of these folds], out of fold
    probabilities: NDArray[np.floating] | None = None  #: likewise; needed where accuracy is not the objective
    test_probabilities: NDArray[np.floating] | None = None  #: [M], where it was retrained for the test


@dataclass(frozen=True, kw_only=True, eq=False)
class DevelopmentSet:
    """Rows that the search saw."""

    labels: NDArray[np.bool_]  #: [N]
    groups: NDArray[np.int64]  #: [N], rows of identical sequences share an id
    folds: NDArray[np.int64]  #: [N], 0 to K - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFold:
    """Which out-of-fold predictions of the complete trials were right, each at its chosen epoch."""

    numbers: tuple[int, ...]  #: [C] trial numbers, ascending
    correct: NDArray[np.bool_]  #: [N, C]
    probabilities: NDArray[np.floating] | None = None  #: [N, C] P(resistant); a blend is made from them


@dataclass(frozen=True)
class Picked:
    """A trial that the final model has networks of."""

    trial: int
    networks: int


@dataclass(frozen=True, kw_only=True)
class FinalModel:
    """The model that was retrained on all development rows."""

    epochs: int  #: of the chosen trial's networks
    curves: Curves
    networks: int = 1  #: trained from different seeds; their probabilities are averaged
    blend: tuple[Picked, ...] = ()  #: where they are of several trials: which; the chosen one first


@dataclass(frozen=True, kw_only=True, eq=False)
class TestSet:
    """Rows that were sealed until the end, and what the final model said of them."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    labels: NDArray[np.bool_]  #: [M]
    probabilities: NDArray[np.floating]  #: [M]
    unseen: NDArray[np.bool_]  #: [M], sequence not among the development rows
    lengths: NDArray[np.int64]  #: [M] tokens
    groups: NDArray[np.int64]  #: [M], rows of identical sequences share an id


@dataclass(frozen=True, kw_only=True, eq=False)
class PositionEffects:
    """How much each position moves the prediction."""

    effect: NDArray[np.floating]  #: [T], mean absolute change of P(resistant), first position first
    tried: NDArray[np.bool_]  #: [T], False where all development genes agree: nothing was changed there
    commonest: tuple[str, ...]  #: [T], the letter, codon or amino acid that is commonest among development genes
    encoding: str  #: what a position is
    genes: int  #: different sequences that were changed
    mutants: int  #: changed sequences in all
    of_test: bool  #: whether test genes were changed, or development genes
    noise: float = 0.0  #: the largest effect of any position on a network that learnt from shuffled labels


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """All of it."""

    study: str
    finished: str  #: ISO 8601, UTC
    effort: Effort
    contract: Contract
    data: Inspection  #: of development and test rows; while sealed, of the development rows
    early_stops: int | None  #: rows of these that an early stop cuts short; None for proteins
    trials: tuple[FinishedTrial, ...]  #: every finished trial, by number, but for those left out
    chosen: ChosenTrialDetails
    development: DevelopmentSet
    out_of_fold: OutOfFold
    final: FinalModel
    test_openings: tuple[str, ...]  #: when the test set was opened, ISO 8601, this time included
    test: TestSet | None = None  #: None while sealed
    original: Original | None = None
    baselines: tuple[Baseline, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    importances: Mapping[str, float] = field(default_factory=dict)  #: hyperparameter -> share, sums to 1
    positions: PositionEffects | None = None

    @property
    def objective(self) -> Objective:
        """What trials were compared by."""
        return self.contract.search.objective

    @property
    def instead_of(self) -> FinishedTrial | None:
        """The trial with the highest score, where a simpler one was preferred to it."""
        return next((trial for trial in self.trials if trial.number == self.chosen.instead_of), None)
