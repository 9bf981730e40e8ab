"""A network that reads mutations: a token is a letter at a position, and its vector is the sum of the two."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from model.configuration import LearnerConfig, original_configuration
from model.engines import StockEngine, engine_for
from model.gpu.cudnn import CudnnEngine
from model.native import native_layer
from model.network import POSITION_SPREAD, BiLSTM, build_network

LETTERS, POSITIONS = 7, 5
SMALL = replace(
    original_configuration("protein"),
    encoding="mutation",
    embedding_size=3,
    hidden_size=4,
    layers=1,
    dropout=0.0,
    linear="by_position",
)

#: Mutations as (position, letter); a gene has one at least, where it ends.
Gene = list[tuple[int, int]]
genes = st.lists(
    st.lists(st.tuples(st.integers(0, POSITIONS - 1), st.integers(1, LETTERS - 1)), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)


def padded(rows: list[Gene], steps: int) -> tuple[Tensor, Tensor]:
    """Tokens [T, B] and lengths [B]."""
    tokens = torch.zeros(steps, len(rows), dtype=torch.int32)
    for column, row in enumerate(rows):
        tokens[: len(row), column] = torch.tensor([place * LETTERS + letter for place, letter in row])
    return tokens, torch.tensor([len(row) for row in rows])


def network(config: LearnerConfig = SMALL) -> BiLSTM:
    """With a linear path whose weights are not 0."""
    made = build_network(config, LETTERS, np.zeros(POSITIONS, dtype=np.int64), seed=1)
    assert made.linear is not None
    nn.init.normal_(made.linear.weight, generator=torch.Generator().manual_seed(2))
    return made


def plain_direction(lstm: nn.LSTM, inputs: list[Tensor]) -> list[Tensor]:
    """One direction, written out from the textbook (gates i, f, g, o)."""
    hidden = cell = torch.zeros(lstm.hidden_size, dtype=inputs[0].dtype)
    states = []
    for step in inputs:
        gates = lstm.weight_ih_l0 @ step + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ hidden + lstm.bias_hh_l0
        enter, keep, new, leave = gates.chunk(4)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(enter) * torch.tanh(new)
        hidden = torch.sigmoid(leave) * torch.tanh(cell)
        states.append(hidden)
    return states


def plain_logit(made: BiLSTM, gene: Gene, pooling: str) -> Tensor:
    """The network over one gene, in plain loops."""
    assert made.positions is not None
    assert made.linear is not None
    values = [made.embedding.weight[letter] + made.positions[place] for place, letter in gene]
    for layer in made.layers:
        ahead, back = plain_direction(layer.ahead, values), plain_direction(layer.back, values[::-1])[::-1]
        values = [torch.cat(both) for both in zip(ahead, back, strict=True)]
    if pooling == "last":
        pooled = torch.cat([ahead[-1], back[0]])
    else:
        pooled = torch.stack(values).mean(0) if pooling == "mean" else torch.stack(values).amax(0)
    weights = torch.stack([made.linear.weight[place, letter] + made.linear.weight[place, 0] for place, letter in gene])
    return made.output(pooled)[0] + weights.sum()


ROWS: list[Gene] = [[(0, 2), (3, 4), (4, 6)], [(4, 6)], [(1, 1), (1, 5), (2, 2), (4, 6)]]


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("layers", [1, 2])
def test_values_and_gradients_are_those_of_a_plain_loop(layers: int, pooling: str) -> None:
    made = network(replace(SMALL, layers=layers, pooling=pooling)).double()
    logits = made(*padded(ROWS, 6))
    reference = torch.stack([plain_logit(made, row, pooling) for row in ROWS])
    torch.testing.assert_close(logits, reference)
    weights, scale = list(made.parameters()), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    ours, theirs = (torch.autograd.grad((given * scale).sum(), weights) for given in (logits, reference))
    for left, right in zip(ours, theirs, strict=True):
        torch.testing.assert_close(left, right)


@given(rows=genes, extra=st.integers(0, 5), pooling=st.sampled_from(["last", "mean", "max"]))
@settings(deadline=None, max_examples=40)
def test_a_logit_depends_neither_on_batch_nor_on_padding(rows: list[Gene], extra: int, pooling: str) -> None:
    made = network(replace(SMALL, pooling=pooling)).eval()
    together = made(*padded(rows, max(map(len, rows)) + extra))
    alone = torch.cat([made(*padded([row], len(row))) for row in rows])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(CudnnEngine, id="cudnn"),
        pytest.param(
            lambda: engine_for("native", torch.device("cpu")),
            id="native",
            marks=pytest.mark.skipif(native_layer() is None, reason="the native layer cannot run here"),
        ),
    ],
)
def test_every_engine_computes_what_the_stock_engine_does(engine: Callable[[], object]) -> None:
    results = []
    for make in (StockEngine, engine):
        made = network()
        made.engine = make()  # type: ignore[assignment]
        logits = made(*padded(ROWS, 6))
        results.append([logits, *torch.autograd.grad((2 * logits).sum(), list(made.parameters()))])
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


def test_letters_and_positions_begin_at_random_and_padding_is_silent() -> None:
    made = build_network(SMALL, LETTERS, np.zeros(POSITIONS, dtype=np.int64), seed=0)
    assert made.positions is not None
    assert made.positions.shape == (POSITIONS, 3)
    assert not made.embedding.weight[0].any()
    both = torch.cat([made.positions, made.embedding.weight[1:]]).detach()
    assert both.ne(0).all()
    assert POSITION_SPREAD / 2 < both.std() < 2 * POSITION_SPREAD


def test_a_position_is_learnt_whether_the_space_asks_for_positions_or_not() -> None:
    of_both = [
        build_network(replace(SMALL, positions=asked), LETTERS, np.zeros(5, np.int64), 3)
        for asked in ("none", "learned")
    ]
    batch = padded(ROWS, 4)
    assert torch.equal(of_both[0](*batch), of_both[1](*batch))
