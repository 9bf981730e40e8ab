"""Training: a pure function of its arguments, weighted rows that equal all rows, and errors with a next step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model import fitting
from model.batching import Examples
from model.errors import DataError, NonFiniteLossError, OutOfMemoryError
from model.fitting import schedule_factor
from model.native import native_layer
from model.prediction import predict
from model.ragged import Ragged
from model.training import train_final, train_fold
from small_training import CONFIG, SETTINGS, VOCABULARY, examples, fold


def test_a_fold_learns_and_records_every_epoch() -> None:
    result = fold(settings=replace(SETTINGS, max_epochs=12, patience=12))
    curves = result.curves
    lengths = {len(values) for values in vars(curves).values()}
    assert lengths == {12}
    assert curves.train_loss[-1] < 0.5 * curves.train_loss[0]
    assert curves.validation_accuracy[-1] > 0.85
    assert result.probabilities.shape == (12, 40)
    labels = examples(40, seed=1).labels
    for epoch, probabilities in enumerate(result.probabilities):
        assert ((probabilities > 0.5) == labels).mean() == pytest.approx(curves.validation_accuracy[epoch])
        told = np.where(labels, probabilities, 1 - probabilities).astype(np.float64)
        assert -np.log(told).mean() == pytest.approx(curves.validation_loss[epoch], rel=1e-4)


def test_the_same_call_gives_the_same_numbers_and_leaves_the_callers_generators_alone() -> None:
    first = fold()
    torch.manual_seed(99)
    np.random.seed(99)
    state = torch.random.get_rng_state()
    second = fold()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first.curves == second.curves
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    assert fold(seed=2).curves != first.curves


@pytest.mark.skipif(native_layer() is None, reason="nn.LSTM's sums depend on the threads")
def test_the_native_engine_gives_the_same_numbers_with_any_number_of_threads() -> None:
    config = replace(CONFIG, embedding_size=50, hidden_size=62, layers=2, batch_size=60, dropout=0.18)
    results = [fold(config, replace(SETTINGS, engine="native", threads=threads)) for threads in (1, 2, 3)]
    for result in results[1:]:
        assert result.curves == results[0].curves
        np.testing.assert_array_equal(result.probabilities, results[0].probabilities)


def test_fewer_epochs_are_the_first_of_more_under_any_schedule() -> None:
    config = replace(CONFIG, schedule="cosine")
    long, short = fold(config), fold(config, max_epochs=2)
    np.testing.assert_array_equal(short.probabilities, long.probabilities[:2])


def test_the_final_network_is_the_one_that_the_folds_epochs_promise() -> None:
    result = fold()
    validation = examples(40, seed=1)
    network, curves = train_final(CONFIG, SETTINGS, examples(120), VOCABULARY, epochs=3, seed=1, validation=validation)
    np.testing.assert_allclose(predict(network, validation), result.probabilities[2], rtol=1e-5)
    assert curves.validation_loss == result.curves.validation_loss[:3]
    assert not network.training


def test_without_validation_rows_no_validation_curve_is_made_and_the_weights_are_the_same() -> None:
    with_rows, _ = train_final(CONFIG, SETTINGS, examples(60), VOCABULARY, 2, seed=1, validation=examples(9))
    without, curves = train_final(CONFIG, SETTINGS, examples(60), VOCABULARY, 2, seed=1)
    assert curves.validation_loss == []
    assert curves.epochs == 2
    np.testing.assert_array_equal(predict(with_rows, examples(9)), predict(without, examples(9)))


def test_merged_rows_train_as_all_rows_do() -> None:
    # One batch holds everything, so a step of 3 x 20 rows must be the step of 20 rows that weigh 3 each.
    once = examples(20)
    thrice = once.subset(np.tile(np.arange(len(once.labels)), 3))
    config = replace(CONFIG, batch_size=60, dropout=0.0)
    results = [
        train_fold(config, replace(SETTINGS, merge_duplicates=merged), thrice, once, VOCABULARY, seed=1)
        for merged in (True, False)
    ]
    np.testing.assert_allclose(results[0].probabilities, results[1].probabilities, rtol=1e-4)
    np.testing.assert_allclose(results[0].curves.train_loss, results[1].curves.train_loss, rtol=1e-4)


def test_contradictory_duplicates_end_at_the_share_of_their_labels() -> None:
    one = np.full((10, 4), 2, dtype=np.uint8)
    data = Examples(Ragged.of_padded(one, np.full(10, 4)), np.arange(10) < 8)
    settings = replace(SETTINGS, max_epochs=60, patience=60, class_weights="none")
    result = train_fold(replace(CONFIG, dropout=0.0), settings, data, data, VOCABULARY, seed=1)
    np.testing.assert_allclose(result.probabilities[-1], 0.8, atol=0.02)
    balanced = train_fold(
        replace(CONFIG, dropout=0.0), replace(settings, class_weights="balanced"), data, data, VOCABULARY, seed=1
    )
    np.testing.assert_allclose(balanced.probabilities[-1], 0.5, atol=0.02)


def test_a_fold_stops_when_patience_is_spent_or_its_caller_says_so() -> None:
    noise = Examples(examples(120).tokens, np.random.default_rng(3).random(120) < 0.5)
    settings = replace(SETTINGS, max_epochs=60, patience=3)
    curves = train_fold(replace(CONFIG, learning_rate=0.1), settings, noise, examples(40), VOCABULARY, 1).curves
    assert curves.epochs < 60
    assert curves.epochs - 1 - int(np.argmin(curves.validation_loss)) == 3


def test_a_loss_that_is_not_finite_names_the_epoch_and_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    # A network whose weights are not numbers is what a diverged one looks like.
    def broken(*arguments: object) -> object:
        network = build(*arguments)  # type: ignore[arg-type]
        torch.nn.init.constant_(network.output.bias, float("nan"))
        return network

    build = fitting.build_network
    monkeypatch.setattr(fitting, "build_network", broken)
    with pytest.raises(NonFiniteLossError, match=r"nan after epoch 1 .*lower learning rate"):
        fold()


def test_too_little_memory_is_told_with_the_next_step() -> None:
    # One batch of 20,000 rows of 1,000 tokens of 8,192 features: 655 GB.
    huge = replace(CONFIG, embedding_size=8192, batch_size=10**6)
    settings = replace(SETTINGS, engine="stock", merge_duplicates=False)
    many = Examples(Ragged.of(np.ones(20_000_000, np.uint8), np.full(20_000, 1000)), np.arange(20_000) < 9)
    with pytest.raises(OutOfMemoryError, match="smaller batch size"):
        train_fold(huge, settings, many, examples(9), VOCABULARY, seed=1)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"'cuda:77'.*cpu"):
        fold(device="cuda:77")


def test_a_cosine_schedule_rises_to_its_peak_and_falls_to_nothing() -> None:
    factors = [schedule_factor("cosine", step / 1000) for step in range(1000)]
    peak = int(np.argmax(factors))
    assert factors[peak] == pytest.approx(1.0, abs=1e-3)
    assert 0 < peak <= 101
    assert np.all(np.diff(factors[:peak]) > 0)
    assert np.all(np.diff(factors[peak:]) < 0)
    assert factors[-1] < 1e-4
    assert {schedule_factor("constant", step / 10) for step in range(10)} == {1.0}


def test_prediction_averages_networks_and_takes_no_rows() -> None:
    networks = [train_final(CONFIG, SETTINGS, examples(60), VOCABULARY, 1, seed)[0] for seed in (1, 2)]
    each = [predict(network, examples(30)) for network in networks]
    np.testing.assert_allclose(predict(networks, examples(30), batch_size=7), np.mean(each, axis=0), rtol=1e-5)

    class Nothing:
        tokens = np.zeros((0, 4), np.uint8)
        lengths = np.zeros(0, np.int64)

    assert predict(networks, Nothing()).shape == (0,)
