"""The final network: trained on all cores, and from another seed where one does not fit its own rows."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from hpo.finalizing.final_model import MOST_TRIES, Retrained, first_that_fits, loss_on, retrain
from hpo.study.opened import OpenedStudy
from hpo.trial.development_rows import load_development_rows
from model.batching import Examples
from model.configuration import TrainingSettings, original_configuration
from model.epochs import Curves
from model.native import native_layer
from model.network import BiLSTM, build_network
from model.prediction import predict
from model.ragged import Ragged
from model.training import FoldResult

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
    rows = Examples(tokens=Ragged.of_padded(tokens, np.full(5, 9)), labels=labels)
    one = network(1)
    called = [float(p) if label else 1 - float(p) for p, label in zip(predict(one, rows), labels, strict=True)]
    assert loss_on(one, rows) == pytest.approx(-sum(math.log(p) for p in called) / 5, rel=1e-5)


@pytest.fixture
def retrained_on(
    make_study: Callable[..., Callable[[], OpenedStudy]], monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, str], Retrained]:
    """Retrains with an engine on a machine of so many cores; the study's training takes one thread."""

    def run(cores: int, engine: str) -> Retrained:
        monkeypatch.setattr("hpo.finalizing.final_model.usable_cores", lambda: cores)
        training = TrainingSettings(max_epochs=1, engine=engine, threads=1)  # type: ignore[arg-type]
        opened = make_study(genes=90, study=f"on {cores} cores", training=training)()
        contract, development = opened.contract, load_development_rows(opened.contract, opened.artifacts)
        config = dataclasses.replace(original_configuration("dna"), batch_size=64)
        fits = FoldResult(Curves([9.0], [0.5], [9.0], [0.5]), np.empty((1, 0), np.float32))
        return retrain(contract, development, config, 1, [fits], "cpu")

    return run


@pytest.mark.skipif(native_layer() is None, reason="the native layer cannot run here")
def test_the_native_engine_retrains_on_all_cores_and_gives_the_network_of_one(
    retrained_on: Callable[[int, str], Retrained],
) -> None:
    alone, together = retrained_on(1, "native"), retrained_on(3, "native")
    assert native_layer().threads == 3  # type: ignore[union-attr]
    assert alone.curves == together.curves
    for left, right in zip(alone.networks[0].parameters(), together.networks[0].parameters(), strict=True):
        assert torch.equal(left, right)


def test_the_stock_engine_retrains_with_the_studys_threads(retrained_on: Callable[[int, str], Retrained]) -> None:
    retrained_on(3, "stock")
    assert torch.get_num_threads() == 1
