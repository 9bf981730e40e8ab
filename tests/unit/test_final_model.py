"""The final network: one that does not fit its own rows is trained again from another seed."""

import dataclasses
import math

import numpy as np
import pytest

from hpo.finalize.final_model import MOST_TRIES, first_that_fits, loss_on
from model.batching import Examples
from model.configuration import original_configuration
from model.epochs import Curves
from model.network import BiLSTM, build_network
from model.prediction import predict

CURVES = Curves([], [], [], [])


def network(seed: int) -> BiLSTM:
    config = dataclasses.replace(original_configuration("dna"), embedding_size=4, hidden_size=3)
    return build_network(config, 7, np.full(9, 2, dtype=np.int64), seed).eval()


def training(losses: list[float]) -> tuple[BiLSTM, list[int]]:
    """Train as if the tries ended with these losses; returns the network that is kept, and the tries made."""
    made: list[BiLSTM] = []
    tries: list[int] = []

    def train(again: int) -> tuple[BiLSTM, Curves]:
        tries.append(again)
        made.append(network(again))
        return made[-1], CURVES

    kept, _ = first_that_fits(train, lambda one: losses[[one is other for other in made].index(True)], highest=0.3)
    assert any(kept is one for one in made)
    tries.append([kept is one for one in made].index(True))
    return kept, tries


def test_a_network_that_fits_is_the_first() -> None:
    *tries, kept = training([0.29])[1]
    assert (tries, kept) == ([0], 0)


def test_a_network_that_is_stuck_is_trained_again_from_another_seed() -> None:
    *tries, kept = training([0.6, 0.5, 0.2])[1]
    assert (tries, kept) == ([0, 1, 2], 2)


def test_where_none_fits_the_best_is_kept() -> None:
    *tries, kept = training([0.9, 0.4, 0.7, 0.5, 0.6])[1]
    assert (len(tries), kept) == (MOST_TRIES, 1)


def test_loss_is_the_mean_cross_entropy_of_the_finished_network() -> None:
    generator = np.random.default_rng(0)
    tokens = generator.integers(2, 7, (5, 9)).astype(np.uint8)
    labels = np.array([True, False, True, True, False])
    rows = Examples(tokens=tokens, lengths=np.full(5, 9), labels=labels)
    one = network(1)
    called = [float(p) if label else 1 - float(p) for p, label in zip(predict(one, rows), labels, strict=True)]
    assert loss_on(one, rows) == pytest.approx(-sum(math.log(p) for p in called) / 5, rel=1e-5)
