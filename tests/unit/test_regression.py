"""Where the linear path begins: at the regression, with a silent network beside it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.fitting import Fitting
from model.prediction import predict
from model.ragged import Ragged
from model.regression import PENALTY

VOCABULARY, POSITIONS = 7, 12
CONFIG = replace(
    original_configuration("dna"),
    embedding_size=4,
    hidden_size=4,
    layers=1,
    batch_size=16,
    linear="by_position",
    linear_start="regression",
)
MUTATIONS = replace(CONFIG, encoding="mutation_nucleotide")


def mutated(rows: int = 90) -> Examples:
    """Rows of one to three mutations, closed by an end; resistant where the first position has one, with noise."""
    generator = np.random.default_rng(1)
    tokens = np.zeros((rows, 4), dtype=np.int32)
    lengths = generator.integers(2, 5, rows)
    labels = np.empty(rows, dtype=np.bool_)
    for row, length in enumerate(lengths):
        places = np.sort(generator.choice(POSITIONS - 1, length - 1, replace=False))
        tokens[row, : length - 1] = places * VOCABULARY + generator.integers(2, VOCABULARY - 1, length - 1)
        tokens[row, length - 1] = (POSITIONS - 1) * VOCABULARY + VOCABULARY - 1
        labels[row] = (places[0] < 2) ^ (generator.random() < 0.1)
    return Examples(Ragged.of_padded(tokens, lengths), labels)


def whole(rows: int = 90) -> Examples:
    generator = np.random.default_rng(2)
    tokens = np.full((rows, 8), 2, dtype=np.uint8)
    changed = generator.random((rows, 8)) < 0.2
    tokens[changed] = generator.integers(3, VOCABULARY - 1, int(changed.sum()))
    return Examples(Ragged.of_padded(tokens, np.full(rows, 8)), (tokens[:, 0] != 2) ^ (generator.random(rows) < 0.1))


def begun(config: LearnerConfig, rows: Examples, class_weights: str = "none") -> Fitting:
    settings = TrainingSettings(class_weights=class_weights, engine="stock")  # type: ignore[arg-type]
    positions = POSITIONS if config is MUTATIONS else None
    return Fitting(config, settings, rows, VOCABULARY, 0, "cpu", None, positions=positions)


def one_hot(rows: Examples, stated: bool) -> np.ndarray:
    """One column per position and letter; of whole sequences without the consensus, which is letter 2 everywhere.

    Mutations have a column per position besides: letter 0's.
    """
    table = np.zeros((len(rows.labels), POSITIONS * VOCABULARY))
    for row, tokens in enumerate(rows.tokens.padded().tolist()):
        for place, token in enumerate(tokens):
            if token and (stated or token != 2):
                table[row, token if stated else place * VOCABULARY + token] = 1
                if stated:
                    table[row, token // VOCABULARY * VOCABULARY] = 1
    return table


@pytest.mark.parametrize(("config", "rows"), [(MUTATIONS, mutated()), (CONFIG, whole())], ids=["mutations", "whole"])
def test_before_the_first_step_a_network_says_what_the_regression_does(config: LearnerConfig, rows: Examples) -> None:
    table = one_hot(rows, stated=config is MUTATIONS)
    expected = LogisticRegression(C=PENALTY, max_iter=1000).fit(table, rows.labels).predict_proba(table)[:, 1]
    told = predict(begun(config, rows).network, rows)
    np.testing.assert_allclose(told, expected, atol=2e-3)


def test_class_weights_are_those_of_the_loss() -> None:
    rows = mutated()
    few = rows.subset(np.concatenate([np.flatnonzero(~rows.labels), np.flatnonzero(rows.labels)[:15]]))
    table = one_hot(few, stated=True)
    reference = LogisticRegression(C=PENALTY, max_iter=1000, class_weight="balanced").fit(table, few.labels)
    told = predict(begun(MUTATIONS, few, "balanced").network, few)
    np.testing.assert_allclose(told, reference.predict_proba(table)[:, 1], atol=2e-3)


def test_the_network_takes_part_from_the_first_step_on() -> None:
    rows = mutated()
    fitting = begun(MUTATIONS, rows)
    before = fitting.network.output.weight.clone()
    assert not before.any()
    logits = fitting.network(
        torch.from_numpy(np.ascontiguousarray(rows.tokens.padded().T)), torch.from_numpy(rows.lengths)
    )
    logits.sum().backward()  # type: ignore[no-untyped-call]
    gradient = fitting.network.output.weight.grad
    assert gradient is not None
    assert gradient.abs().min() > 0


def test_rows_of_one_class_leave_it_at_zero() -> None:
    rows = mutated()
    network = begun(MUTATIONS, rows.subset(np.flatnonzero(rows.labels))).network
    assert network.linear is not None
    assert not network.linear.weight.any()
    assert network.output.weight.any()


def test_letters_beyond_the_last_position_of_training_have_no_weight() -> None:
    rows = whole()
    network = begun(CONFIG, rows).network
    assert network.linear is not None
    tokens = torch.from_numpy(np.ascontiguousarray(rows.tokens.padded().T))
    longer = torch.cat([tokens, torch.full((40, len(rows.labels)), 4, dtype=torch.uint8)])
    assert torch.equal(network.linear(tokens, None), network.linear(longer, None))
