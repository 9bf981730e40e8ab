"""Dropout: the asked share, the mean, the seed; the same values in every engine and with any number of threads."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from model.configuration import original_configuration
from model.dropout import DropoutMask, DropoutStream
from model.engines import LayerEngine, NativeEngine, StockEngine, engine_for
from model.native import native_layer
from model.network import BiLSTM, build_network

CPU = torch.device("cpu")
SHAPE = (300, 40, 124)  # large enough to be divided among threads
CONFIG = replace(original_configuration("protein"), embedding_size=4, hidden_size=6, dropout=0.4)


def engines() -> list[LayerEngine]:
    """Every engine that runs on this machine."""
    native = native_layer()
    return [StockEngine()] if native is None else [StockEngine(), NativeEngine(native)]


ENGINES = pytest.mark.parametrize("engine", engines(), ids=lambda engine: type(engine).__name__)


def mask(share: float, seed: int = 1) -> DropoutMask:
    return DropoutStream(seed, CPU).mask(torch.empty(SHAPE), share)


@ENGINES
@pytest.mark.parametrize("share", [0.01, 0.18, 0.5, 0.95])
def test_the_asked_share_is_dropped_and_the_mean_stays(engine: LayerEngine, share: float) -> None:
    dropped = engine.dropped(torch.ones(SHAPE), mask(share))
    assert float((dropped == 0.0).float().mean()) == pytest.approx(share, abs=1.5e-3)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / (1 - share)], rel=1e-3)
    assert float(dropped.mean()) == pytest.approx(1.0, rel=0.02)


def test_values_are_dropped_one_by_one() -> None:
    # No pattern along any axis: what neighbours share is what chance gives them.
    kept = StockEngine().dropped(torch.ones(SHAPE), mask(0.5)) > 0
    for axis in range(3):
        agree = (kept == kept.roll(1, axis)).float().mean()
        assert float(agree) == pytest.approx(0.5, abs=3e-3)


def test_masks_follow_the_seed_and_change_from_call_to_call() -> None:
    values = torch.empty(7, 3, 5)  # not a whole number of words
    first, again, other = (DropoutStream(seed, CPU) for seed in (1, 1, 2))
    masks = [[stream.mask(values, 0.3).bits for _ in range(2)] for stream in (first, again, other)]
    assert all(torch.equal(left, right) for left, right in zip(masks[0], masks[1], strict=True))
    assert not torch.equal(masks[0][0], masks[0][1])
    assert not torch.equal(masks[0][0], masks[2][0])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_engines_and_threads_drop_the_same_values_and_their_gradients(threads: int) -> None:
    values, gradient = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(0))
    expected_mask = torch.from_numpy(mask(0.18).bits.numpy() >= round(0.18 * 65536) - 32768)
    scale = 65536 / (65536 - round(0.18 * 65536))
    for name in ("stock", "auto"):
        engine = engine_for(name, CPU, threads)
        leaf = values.clone().requires_grad_()
        result = engine.dropped(leaf, mask(0.18))
        result.backward(gradient)
        assert torch.equal(result.detach(), values * expected_mask * np.float32(scale))
        assert leaf.grad is not None
        assert torch.equal(leaf.grad, gradient * expected_mask * np.float32(scale))


@ENGINES
def test_what_is_no_number_stays_none(engine: LayerEngine) -> None:
    values = torch.full(SHAPE, float("nan"))
    assert engine.dropped(values, mask(0.5)).isnan().all()


def test_the_native_layer_refuses_values_that_do_not_fit_the_mask() -> None:
    native = native_layer()
    if native is None:
        pytest.skip("the native layer cannot run here")
    with pytest.raises(ValueError, match="is needed"):
        native.dropped(torch.ones(3), mask(0.5))
    with pytest.raises(ValueError, match="float64"):
        native.dropped(torch.ones(SHAPE, dtype=torch.float64), mask(0.5))


def logits(network: BiLSTM) -> Tensor:
    tokens = torch.randint(1, 7, (12, 9), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return network(tokens, torch.full((9,), 12)).detach()


def test_a_network_drops_in_training_alone_and_leaves_the_processs_generators_alone() -> None:
    network = build_network(CONFIG, 7, np.ones(12, np.int64), seed=0)
    with pytest.raises(RuntimeError, match="seed_dropout"):
        logits(network)
    states = torch.random.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[index]
    network.seed_dropout(3)
    first, second = logits(network), logits(network)
    assert not torch.equal(first, second)
    network.seed_dropout(3)
    assert torch.equal(logits(network), first)
    network.eval()
    assert torch.equal(logits(network), logits(network))
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index]
