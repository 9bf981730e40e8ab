"""What the search left: trials, the chosen trial's curves, and every complete trial's out-of-fold predictions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from hpo.choices import Prefer
from hpo.errors import NotFinishedError
from hpo.evaluation.comparison import tied_with
from hpo.evaluation.objective import points_of_folds
from hpo.finalizing.usable_trials import UnusableTrialError, chosen_epoch, folds_of, usable_folds
from hpo.report import evidence
from hpo.study.attributes import configuration, finished_folds, fold_accuracies, learner_config
from hpo.study.objective import fold_scores
from hpo.study.opened import OpenedStudy
from hpo.study.status import best_trial, trials_in_budget
from hpo.trial.development_rows import DevelopmentRows, labels_of
from model.configuration import LearnerConfig
from model.network import BiLSTM
from model.splitting import group_ids
from model.training import FoldResult
from storage.trials.lease import REASON


@dataclass(frozen=True, kw_only=True)
class SearchOutcome:
    """What the search left."""

    trials: tuple[FrozenTrial, ...]  #: in the budget and ended, by number; without those left out
    out_of_fold: evidence.OutOfFold
    left_out: tuple[evidence.LeftOut, ...] = ()  #: trials that nothing can rest on

    @property
    def complete(self) -> list[FrozenTrial]:
        """Trials that came through all folds."""
        return [trial for trial in self.trials if trial.state == TrialState.COMPLETE]

    @property
    def best(self) -> FrozenTrial:
        """The complete trial with the highest score."""
        return cast(FrozenTrial, best_trial(self.complete))  # `read_search` saw to it that there is one


@dataclass(frozen=True, kw_only=True)
class ChosenTrial:
    """The trial that the final model comes from."""

    trial: FrozenTrial
    #: The trial with the highest score, where a simpler one was preferred to it.
    instead_of: int | None
    config: LearnerConfig
    #: Epochs of the final model: one for all folds, determined by cross-validation.
    epochs: int
    folds: tuple[FoldResult, ...]


def read_search(opened: OpenedStudy, development: DevelopmentRows) -> SearchOutcome:
    """Reads the trials that have ended, and the predictions of the complete ones.

    Raises:
        NotFinishedError: No trial is complete, or none of them can be used.
    """
    ended = [trial for trial in trials_in_budget(opened, opened.budget) if trial.state.is_finished()]
    labels = labels_of(development.genes)
    trials: list[FrozenTrial] = []
    left_out: list[evidence.LeftOut] = []
    found: dict[int, NDArray[np.float64]] = {}
    for trial in ended:
        try:
            if (folds := _folds_needed(opened, trial, development)) and trial.state == TrialState.COMPLETE:
                epoch = cast(int, chosen_epoch(trial.user_attrs))
                found[trial.number] = held_out(folds, epoch, development.folds)
        except UnusableTrialError as error:
            left_out.append(evidence.LeftOut(trial.number, error.message))
        else:
            trials.append(trial)
    if not found:
        raise _no_complete_trial(opened, trials, left_out)
    probabilities = np.stack(list(found.values()), axis=1)
    out_of_fold = evidence.OutOfFold(
        numbers=tuple(found), correct=(probabilities > 0.5) == labels[:, None], probabilities=probabilities
    )
    return SearchOutcome(trials=tuple(trials), left_out=tuple(left_out), out_of_fold=out_of_fold)


def _folds_needed(opened: OpenedStudy, trial: FrozenTrial, development: DevelopmentRows) -> list[FoldResult]:
    """Reads the results of a trial that the answer rests on: a complete one, or the original's configuration."""
    is_original = opened.contract.is_original(trial.number) and trial.state == TrialState.PRUNED
    return usable_folds(opened, trial, development) if is_original or trial.state == TrialState.COMPLETE else []


def _no_complete_trial(
    opened: OpenedStudy, trials: Sequence[FrozenTrial], left_out: Sequence[evidence.LeftOut]
) -> NotFinishedError:
    failed = {str(trial.user_attrs.get(REASON)) for trial in trials if trial.state == TrialState.FAIL}
    why = [f"; failed ones say: {'; '.join(sorted(failed))}"] if failed else []
    why += [f"; trial {one.number} cannot be used: {one.reason.rstrip('.')}" for one in left_out]
    return NotFinishedError(
        f"Study {opened.handle.name!r} has no complete trial{''.join(why)}.",
        "Let workers run: hpo worker. If all trials failed, change the search space or the data; where results are "
        "lost, restore the artifacts or add trials: hpo extend.",
    )


def choose_trial(
    opened: OpenedStudy, search: SearchOutcome, development: DevelopmentRows, prefer: Prefer
) -> ChosenTrial:
    """Chooses the best complete trial, or the simplest that cannot be told from it; with its folds."""
    best = search.best
    chosen = best if prefer == "best" else _simplest(opened, search, development)
    return ChosenTrial(
        trial=chosen,
        instead_of=None if chosen.number == best.number else best.number,
        config=_config_of(chosen),
        epochs=cast(int, chosen_epoch(chosen.user_attrs)),
        folds=tuple(folds_of(opened, chosen, development)),
    )


def _simplest(opened: OpenedStudy, search: SearchOutcome, development: DevelopmentRows) -> FrozenTrial:
    contract, groups = opened.contract, None
    if contract.splitting.duplicates == "together":
        groups = group_ids(development.genes, contract.search.space.encodings, contract.settings.genetic_code)

    def size(trial: FrozenTrial) -> int:
        return network_size(_config_of(trial), development)

    return simplest(search, groups, size, _points(opened, search, development))


def _points(opened: OpenedStudy, search: SearchOutcome, development: DevelopmentRows) -> NDArray[np.float64] | None:
    """Returns [N, C] the points by which the study chooses; None where accuracy is its objective."""
    objective, found = opened.contract.search.objective, search.out_of_fold
    if objective == "accuracy" or found.probabilities is None:
        return None
    labels, folds = labels_of(development.genes), development.folds
    return np.stack([points_of_folds(objective, labels, column, folds) for column in found.probabilities.T], axis=1)


def _config_of(trial: FrozenTrial) -> LearnerConfig:
    return cast(LearnerConfig, learner_config(trial.user_attrs))  # `read_search` saw to it that it can be read


def simplest(
    search: SearchOutcome,
    groups: NDArray[np.int64] | None,
    size: Callable[[FrozenTrial], int],
    points: NDArray[np.float64] | None = None,
) -> FrozenTrial:
    """Finds the smallest network among the best trial and those that are tied with it; of equal ones the better.

    Args:
        search: With at least one complete trial.
        groups: [N], rows that are sampled together share an id; none means that every row stands alone.
        size: Parameters of a trial's network.
        points: [N, C], by which the study chooses; by default the rows that a trial is right for.
    """
    right = search.out_of_fold.correct if points is None else points
    best, numbers = search.best, search.out_of_fold.numbers
    tied = {numbers[column] for column in tied_with(right, numbers.index(best.number), groups)}
    candidates = [trial for trial in search.complete if trial.number in tied | {best.number}]
    return min(candidates, key=lambda trial: (size(trial), -(trial.value or 0.0), trial.number))


def network_size(config: LearnerConfig, development: DevelopmentRows) -> int:
    """Counts the parameters of a configuration's network."""
    encoded = development.encoded(config.encoding)
    with torch.device("meta"):  # shapes without memory
        network = BiLSTM(config, encoded.vocabulary_size, encoded.positions or encoded.tokens.width)
    return sum(weights.numel() for weights in network.parameters())


def finished_trial(opened: OpenedStudy, trial: FrozenTrial, development: DevelopmentRows) -> evidence.FinishedTrial:
    """Describes a finished trial, for the report."""
    records = finished_folds(trial.user_attrs, opened.contract.splitting.folds)
    config, objective = learner_config(trial.user_attrs), opened.contract.search.objective
    return evidence.FinishedTrial(
        number=trial.number,
        state=cast(evidence.State, trial.state.name),
        params=dict(configuration(trial.user_attrs) or trial.params),
        fold_accuracies=fold_accuracies(trial.user_attrs),
        objective_scores=None if objective == "accuracy" else fold_scores(trial.user_attrs, objective),
        chosen_epoch=chosen_epoch(trial.user_attrs),
        seconds=sum(record.seconds for record in records),
        network_parameters=network_size(config, development) if config else None,
        reason=str(trial.user_attrs.get(REASON) or ""),
    )


def held_out(
    folds: list[FoldResult] | tuple[FoldResult, ...], epoch: int, fold_of_row: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Returns [N] P(resistant) of each development row from the fold that did not train on it, after `epoch` epochs."""
    probabilities = np.empty(len(fold_of_row))
    for fold, result in enumerate(folds):
        probabilities[fold_of_row == fold] = result.probabilities[epoch - 1]
    return probabilities
