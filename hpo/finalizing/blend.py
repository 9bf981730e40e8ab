"""The final model's trials: the chosen one alone, or with others that complement it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from optuna.trial import FrozenTrial

from hpo.evaluation.blending import pick, true_class
from hpo.finalizing.final_model import Retrained, joined, retrain
from hpo.finalizing.trials import ChosenTrial, SearchOutcome
from hpo.finalizing.usable_trials import chosen_epoch, folds_of
from hpo.report.evidence import Picked
from hpo.study.attributes import learner_config
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import DevelopmentRows, labels_of
from model.configuration import LearnerConfig
from model.training import FoldResult


@dataclass(frozen=True, kw_only=True)
class Member:
    """A trial that the final model has networks of."""

    number: int
    config: LearnerConfig
    epochs: int
    folds: Sequence[FoldResult]
    networks: int


def alone(chosen: ChosenTrial, networks: int) -> list[Member]:
    """Returns the chosen trial, with so many networks."""
    return [
        Member(
            number=chosen.trial.number,
            config=chosen.config,
            epochs=chosen.epochs,
            folds=chosen.folds,
            networks=networks,
        )
    ]


def blend(
    opened: OpenedStudy, search: SearchOutcome, development: DevelopmentRows, chosen: ChosenTrial
) -> list[Member]:
    """Picks complete trials that complement the chosen one, among those that read genes as it does.

    Returns:
        The chosen trial first, the others by number.
    """
    trials = {trial.number: trial for trial in search.complete}
    numbers, probabilities = search.out_of_fold.numbers, search.out_of_fold.probabilities
    encodings = [_config(trials[number]).encoding for number in numbers]
    kinds = np.array([encodings.index(encoding) for encoding in encodings])
    first = numbers.index(chosen.trial.number)
    counts = pick(true_class(cast(np.ndarray, probabilities), labels_of(development.genes)), first, kinds)
    order = [first, *(one for one in np.flatnonzero(counts).tolist() if one != first)]
    return [_member(opened, development, trials[numbers[one]], int(counts[one])) for one in order]


def retrain_members(
    opened: OpenedStudy,
    development: DevelopmentRows,
    members: Sequence[Member],
    device: str,
) -> Retrained:
    """Trains the networks of all members on all development rows.

    Args:
        opened: The study.
        development: Its rows.
        members: At least one.
        device: As PyTorch names it, or "auto".

    Raises:
        TrainingError: One cannot be trained.
    """
    return joined(
        [
            retrain(opened.contract, development, one.config, one.epochs, one.folds, device, members=one.networks)
            for one in members
        ]
    )


def picked(members: Sequence[Member]) -> tuple[Picked, ...]:
    """Says which trials the model has networks of; nothing where it is one trial's alone."""
    return tuple(Picked(one.number, one.networks) for one in members) if len(members) > 1 else ()


def _member(opened: OpenedStudy, development: DevelopmentRows, trial: FrozenTrial, networks: int) -> Member:
    return Member(
        number=trial.number,
        config=_config(trial),
        epochs=cast(int, chosen_epoch(trial.user_attrs)),
        folds=folds_of(opened, trial, development),
        networks=networks,
    )


def _config(trial: FrozenTrial) -> LearnerConfig:
    return cast(LearnerConfig, learner_config(trial.user_attrs))  # `read_search` saw to it that it can be read
