"""Samplers: seeded from the study and the trial's number, over the whole space."""

import warnings

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler

from hpo.search.sampler import sampler_for
from hpo.search.seeds import derive
from hpo.search.space import read_space

SPACE = read_space(None, "dna")


def sampler_of(number: int, seed: int = 0) -> BaseSampler:
    """Ours for one trial of a study that begins with three random ones."""
    return sampler_for("tpe", SPACE.distributions, startup_trials=3, seed=seed, number=number)


def proposal(number: int, history: int, seed: int = 0) -> dict[str, object]:
    """What the sampler proposes for trial `number` after `history` finished trials."""
    study = optuna.create_study(direction="maximize")
    for finished in range(history):
        study.sampler = sampler_of(finished, seed)
        trial = study.ask()
        SPACE.suggest(trial)
        study.tell(trial, 1 / (1 + finished))
    study.sampler = sampler_of(number, seed)
    trial = study.ask()
    SPACE.suggest(trial)
    return trial.params


def test_start_up_points_of_different_trials_differ() -> None:
    points = [tuple(proposal(number, history=0).values()) for number in range(12)]
    assert len(set(points)) == 12


def test_the_same_trial_after_the_same_history_gets_the_same_proposal() -> None:
    assert proposal(7, history=6) == proposal(7, history=6)


def test_another_study_seed_gives_other_proposals() -> None:
    assert proposal(1, history=0, seed=0) != proposal(1, history=0, seed=1)


def test_tpe_models_all_parameters_jointly_even_if_a_trial_lacks_one() -> None:
    study = optuna.create_study(direction="maximize")
    # Like a baseline outside a narrowed space: one parameter only.
    study.add_trial(optuna.trial.create_trial(value=0.5, params={}, distributions={}))
    for number in range(1, 5):
        study.sampler = sampler_of(number)
        trial = study.ask()
        SPACE.suggest(trial)
        study.tell(trial, number / 10)
    study.sampler = sampler_of(5)
    trial = study.ask()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SPACE.suggest(trial)
    assert set(trial.relative_params) == set(SPACE.searched)


@pytest.mark.parametrize("purpose", [("fold", 0), ("fold", 1), ("final",), ("sampler", 0)])
def test_seeds_differ_by_purpose_and_repeat(purpose: tuple[str | int, ...]) -> None:
    assert derive(5, *purpose) == derive(5, *purpose)
    assert derive(5, *purpose) != derive(6, *purpose)
    assert derive(5, *purpose) not in {derive(5, "fold", 2), derive(5, "split")}


def proposal_after(
    values: list[float], params: list[dict[str, object]], sampler: BaseSampler | None = None
) -> dict[str, object]:
    """What a sampler proposes, ours if none is given, after so many complete trials."""
    study = optuna.create_study(direction="maximize", sampler=sampler or sampler_of(len(values)))
    distributions = SPACE.distributions
    study.add_trials(
        optuna.trial.create_trial(value=value, params=chosen, distributions=distributions)
        for value, chosen in zip(values, params, strict=True)
    )
    trial = study.ask()
    SPACE.suggest(trial)
    return trial.params


def test_tpe_looks_at_the_best_trials_and_at_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo.search.sampler.MOST_RECENT", 260)
    params = [proposal(number, history=0) for number in range(80)] * 5
    # The best are trials 0 to 24; then come 115 old ones, and the 260 latest.
    values = [0.9] * 25 + [0.5] * 375
    usual = proposal_after(values, params)
    assert proposal_after(values, [*params[:25], *[usual] * 115, *params[140:]]) == usual
    assert proposal_after(values, [*params[:140], *[usual] * 260]) != usual
    assert proposal_after(values, [*params[40:65], *params[25:]]) != usual


class OptunasOwn(TPESampler):
    """Models the parameters in our order: in another it would draw the same numbers for other parameters."""

    def infer_relative_search_space(self, *_: object) -> dict[str, BaseDistribution]:
        return SPACE.distributions


def test_a_study_that_is_not_large_gets_the_proposals_of_optunas_own_tpe() -> None:
    params = [proposal(number, history=0) for number in range(60)]
    values = [0.5 + number % 7 / 20 for number in range(60)]
    own = OptunasOwn(seed=derive(0, "sampler", 60), n_startup_trials=3, multivariate=True, constant_liar=True)
    assert proposal_after(values, params) == proposal_after(values, params, own)
