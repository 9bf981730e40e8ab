"""The paired rule: prunes what is clearly worse on the same folds, and nothing else."""

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo.search.pruner import (
    LOOK_EVERY_S,
    MIN_COMPLETE,
    PairedPruner,
    clearly_below,
    pooled_spread,
    pruner_named,
    reported_value,
)
from hpo.study.attributes import FOLD_ACCURACIES, fold_accuracies

INCUMBENT = [0.90, 0.80, 0.95, 0.85, 0.88]
accuracies = st.lists(st.floats(0, 1), min_size=5, max_size=5)


def study_with(*complete: list[float]) -> optuna.Study:
    study = optuna.create_study(direction="maximize")
    for folds in complete:
        study.add_trial(
            create_trial(state=TrialState.COMPLETE, value=sum(folds) / 5, user_attrs={FOLD_ACCURACIES: folds})
        )
    return study


def shifted(by: float) -> list[float]:
    return [value + by for value in INCUMBENT]


HISTORY = [INCUMBENT, shifted(-0.10), [0.84, 0.76, 0.88, 0.82, 0.83], [0.79, 0.71, 0.86, 0.73, 0.78]]


def asked(study: optuna.Study, folds: list[float]) -> bool:
    trial = create_trial(state=TrialState.RUNNING, user_attrs={FOLD_ACCURACIES: folds})
    return PairedPruner(5, fold_accuracies).prune(study, trial)


def test_a_trial_far_below_on_every_fold_is_pruned_after_the_first() -> None:
    assert asked(study_with(*HISTORY), [0.60])


def test_a_hard_fold_is_no_reason_to_prune() -> None:
    # Fold 1 is hard for the incumbent too: 0.80 is no worse there.
    assert not asked(study_with(*HISTORY), [0.90, 0.80])


def test_a_better_trial_is_never_pruned() -> None:
    assert not asked(study_with(*HISTORY), shifted(0.02)[:3])


def test_nothing_is_pruned_before_the_spread_is_known() -> None:
    assert not asked(study_with(*HISTORY[: MIN_COMPLETE - 1]), [0.10])


@pytest.mark.parametrize("damaged", ["hostile", [[0.1]], ["0.1"], [None], [0.1] * 5, [0.1] * 6])
def test_damaged_attributes_prune_nothing(damaged: object) -> None:
    study = study_with(*HISTORY)
    trial = create_trial(state=TrialState.RUNNING, user_attrs={FOLD_ACCURACIES: damaged})
    assert not PairedPruner(5, fold_accuracies).prune(study, trial)


@pytest.mark.parametrize(
    "damaged", ["hostile", [[0.1] * 5], [0.99], [1.0] * 6, [1.0, 1.0, 1.0, 1.0, "x"], [1e9] * 5, [10**400] * 5]
)
def test_complete_trials_with_damaged_attributes_are_passed_over(damaged: object) -> None:
    study = study_with()
    study.add_trial(create_trial(state=TrialState.COMPLETE, value=1.0, user_attrs={FOLD_ACCURACIES: damaged}))
    study.add_trials(study_with(*HISTORY).trials)
    assert asked(study, [0.60])
    assert not asked(study, shifted(0.02)[:3])


def running(number: int, folds: list[float]) -> FrozenTrial:
    trial = create_trial(state=TrialState.RUNNING, user_attrs={FOLD_ACCURACIES: folds})
    trial.number = number
    return trial


def test_trials_that_end_between_two_others_count() -> None:
    pruner, study = PairedPruner(5, fold_accuracies), study_with(*HISTORY[: MIN_COMPLETE - 1])
    late = study.ask()
    assert not pruner.prune(study, running(10, [0.60]))
    study.add_trial(create_trial(state=TrialState.COMPLETE, value=0.8, user_attrs={FOLD_ACCURACIES: HISTORY[-1]}))
    assert pruner.prune(study, running(11, [0.60]))
    assert not pruner.prune(study, running(12, shifted(0.01)[:2]))
    # One with a lower number than those known already, and better than all of them.
    late.set_user_attr(FOLD_ACCURACIES, [1.0] * 5)
    study.tell(late, 1.0)
    assert pruner.prune(study, running(13, shifted(0.01)[:2]))


def test_within_a_long_trial_the_others_are_looked_at_once_a_minute() -> None:
    now = [0.0]
    pruner, study = PairedPruner(5, fold_accuracies, clock=lambda: now[0]), study_with(*HISTORY)
    assert not pruner.prune(study, running(10, [0.90]))
    study.add_trial(create_trial(state=TrialState.COMPLETE, value=1.0, user_attrs={FOLD_ACCURACIES: [1.0] * 5}))
    now[0] = LOOK_EVERY_S - 1.0
    assert not pruner.prune(study, running(10, [0.90, 0.80]))
    now[0] = LOOK_EVERY_S
    assert pruner.prune(study, running(10, [0.90, 0.80]))


@given(accuracies, st.floats(0.001, 0.2))
def test_equal_to_the_incumbent_is_never_clearly_below(folds: list[float], spread: float) -> None:
    assert not clearly_below(folds, folds, spread)


@given(st.floats(0.01, 0.3))
def test_a_constant_shift_is_no_noise(shift: float) -> None:
    history = np.array([INCUMBENT, shifted(-shift)])
    assert pooled_spread(history, history[0]) == pytest.approx(0, abs=1e-9)


def test_pooled_spread_by_hand() -> None:
    # Differences to [0, 0] are [0.1, 0.3]: mean 0.2, squares 0.01 + 0.01, one degree of freedom.
    history = np.array([[0.0, 0.0], [0.1, 0.3]])
    assert pooled_spread(history, history[0]) == pytest.approx(0.02**0.5)


@pytest.mark.parametrize("name", ["paired", "median", "percentile", "wilcoxon", "none"])
def test_every_pruner_by_name_answers(name: str) -> None:
    study = optuna.create_study(direction="maximize", pruner=pruner_named(name, 5, fold_accuracies))
    trial = study.ask()
    trial.report(0.5, 0)
    assert trial.should_prune() is False


def test_what_is_reported() -> None:
    assert reported_value("paired", [0.8, 0.6]) == pytest.approx(0.7)
    assert reported_value("wilcoxon", [0.8, 0.6]) == 0.6
