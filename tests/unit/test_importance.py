"""Which hyperparameters mattered, where trial 0 does not lie in the space, and where too few trials do."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from hpo.evaluation.importance import MIN_TRIALS, importances

SPACE = {
    "hidden_size": IntDistribution(8, 16),
    "dropout": FloatDistribution(0.0, 0.5),
    "pooling": CategoricalDistribution(("last", "mean")),
}


def drawn(number: int) -> FrozenTrial:
    """A trial whose accuracy hangs on its hidden size alone."""
    params = {"hidden_size": 8 + number % 9, "dropout": number * 7 % 10 / 20, "pooling": ("last", "mean")[number % 2]}
    return create_trial(value=0.7 + 0.02 * params["hidden_size"], params=params, distributions=SPACE)


def untuned() -> FrozenTrial:
    """Trial 0 of a narrowed space: its hidden size, 62, was not among the choices."""
    inside = {name: entry for name, entry in SPACE.items() if name != "hidden_size"}
    return create_trial(value=0.8, params={"dropout": 0.18, "pooling": "last"}, distributions=inside)


def test_a_trial_outside_the_space_costs_no_hyperparameter() -> None:
    trials = [drawn(number) for number in range(1, 19)]
    found = importances([untuned(), *trials], SPACE, seed=0)
    assert set(found) == set(SPACE)
    assert max(found, key=found.__getitem__) == "hidden_size"
    assert sum(found.values()) == pytest.approx(1)
    assert found == importances(trials, SPACE, seed=0)


def test_a_hyperparameter_that_never_changed_has_none() -> None:
    trials = [trial for trial in map(drawn, range(1, 19)) if trial.params["pooling"] == "mean"]
    assert set(importances(trials, SPACE, seed=0)) == {"hidden_size", "dropout"}


def test_too_few_trials_say_nothing() -> None:
    trials = [drawn(number) for number in range(1, MIN_TRIALS + 1)]
    assert importances(trials, SPACE, seed=0)
    assert importances([untuned(), *trials[1:]], SPACE, seed=0) == {}
    assert importances([drawn(3)] * 10, SPACE, seed=0) == {}
