"""The network computes one function of a sequence, whatever its batch and its padding, and the right one."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from model import runtime
from model.configuration import LearnerConfig
from model.engines import StockEngine, engine_for
from model.gpu.lanes import wake_gradients
from model.layers import BidirectionalLSTM, reversal, reverse_within_lengths
from model.native import native_layer
from model.network import BiLSTM, build_network
from network_cases import CONSENSUS, TINY, VOCABULARY, padded, sequences

POOLINGS = ("last", "mean", "max")


NATIVE = pytest.mark.skipif(native_layer() is None, reason="the native layer cannot run here")


GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


#: Device and engine as a training asks for them.
STOCK_WAY = pytest.param("cpu", "stock", id="stock")


OTHER_WAYS = [
    pytest.param("cpu", "native", id="native", marks=NATIVE),
    pytest.param("cuda", "auto", id="gpu", marks=GPU),
]


EVERY_WAY = pytest.mark.parametrize(("device", "engine"), [STOCK_WAY, *OTHER_WAYS])


EVERY_OTHER_WAY = pytest.mark.parametrize(("device", "engine"), OTHER_WAYS)


paddings = st.lists(st.integers(0, 9), min_size=6, max_size=6)  # of each sequence alone, then of all together


def configs_with(*poolings: str) -> st.SearchStrategy[LearnerConfig]:
    """Small networks of every kind; sizes that no vector register divides too."""
    return st.builds(
        lambda **chosen: LearnerConfig.from_dict({**TINY.as_dict(), **chosen}),
        embedding_size=st.integers(1, 9),
        hidden_size=st.integers(1, 20),
        layers=st.integers(1, 3),
        pooling=st.sampled_from(poolings),
        positions=st.sampled_from(["none", "learned"]),
    )


def network_on(device: str, engine: str, config: LearnerConfig) -> BiLSTM:
    wake_gradients(torch.device(device))
    network = build_network(config, VOCABULARY, CONSENSUS, seed=1).to(device)
    network.engine = engine_for(engine, torch.device(device))
    return network


def logits_on(device: str, network: BiLSTM, rows: list[list[int]], padding: int) -> Tensor:
    """[B] on the CPU, of one batch that is padded by `padding` more than its longest row needs."""
    tokens, lengths = padded(rows, max(map(len, rows)) + padding)
    with runtime.arithmetic("fp32", torch.device(device)):
        return network(tokens.to(device), lengths.to(device)).cpu()


def gradients_of(network: BiLSTM, logits: Tensor) -> list[Tensor]:
    with runtime.arithmetic("fp32", network.output.weight.device):
        # Doubled, because torch warns where the first kernel of its thread for gradients is a matrix product.
        return [gradient.cpu() for gradient in torch.autograd.grad((2 * logits).sum(), list(network.parameters()))]


@EVERY_WAY
@given(rows=sequences, padding=paddings, config=configs_with(*POOLINGS))
@settings(deadline=None, max_examples=30)
def test_a_logit_depends_neither_on_batch_nor_on_padding(
    device: str, engine: str, rows: list[list[int]], padding: list[int], config: LearnerConfig
) -> None:
    network = network_on(device, engine, config).eval()
    together = logits_on(device, network, rows, padding[-1])
    alone = torch.cat([logits_on(device, network, [row], extra) for row, extra in zip(rows, padding, strict=False)])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


@EVERY_WAY
@given(rows=sequences, padding=paddings, config=configs_with(*POOLINGS))
@settings(deadline=None, max_examples=20)
def test_gradients_depend_neither_on_batch_nor_on_padding(
    device: str, engine: str, rows: list[list[int]], padding: list[int], config: LearnerConfig
) -> None:
    network = network_on(device, engine, config)
    together = gradients_of(network, logits_on(device, network, rows, padding[-1]))
    parts = [logits_on(device, network, [row], extra) for row, extra in zip(rows, padding, strict=False)]
    for left, right in zip(together, gradients_of(network, torch.cat(parts)), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


@EVERY_OTHER_WAY
@given(rows=sequences, padding=paddings, config=configs_with(*POOLINGS))
@settings(deadline=None, max_examples=30)
def test_every_way_computes_the_logits_of_the_stock_engine(
    device: str, engine: str, rows: list[list[int]], padding: list[int], config: LearnerConfig
) -> None:
    stock = logits_on("cpu", network_on("cpu", "stock", config).eval(), rows, padding[0])
    other = logits_on(device, network_on(device, engine, config).eval(), rows, padding[1])
    torch.testing.assert_close(other, stock, rtol=1e-5, atol=1e-6)


# Without "max": of two steps that are all but equal, rounding decides which one gets the gradient.
@EVERY_OTHER_WAY
@given(rows=sequences, padding=paddings, config=configs_with("last", "mean"))
@settings(deadline=None, max_examples=20)
def test_every_way_computes_the_gradients_of_the_stock_engine(
    device: str, engine: str, rows: list[list[int]], padding: list[int], config: LearnerConfig
) -> None:
    stock, other = network_on("cpu", "stock", config), network_on(device, engine, config)
    expected = gradients_of(stock, logits_on("cpu", stock, rows, padding[0]))
    for left, right in zip(gradients_of(other, logits_on(device, other, rows, padding[1])), expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


def plain_direction(lstm: nn.LSTM, inputs: Tensor) -> Tensor:
    """One direction over one sequence [t, I], written out from the textbook (gates i, f, g, o)."""
    hidden = cell = torch.zeros(lstm.hidden_size, dtype=inputs.dtype)
    states = []
    for step in inputs:
        gates = lstm.weight_ih_l0 @ step + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ hidden + lstm.bias_hh_l0
        enter, keep, new, leave = gates.chunk(4)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(enter) * torch.tanh(new)
        hidden = torch.sigmoid(leave) * torch.tanh(cell)
        states.append(hidden)
    return torch.stack(states)


def plain_logit(network: BiLSTM, sequence: list[int], pooling: str) -> Tensor:
    """The network over one unpadded sequence, in plain loops."""
    values = network.embedding.weight[torch.tensor(sequence)]
    if network.positions is not None:
        values = values + network.positions[: len(sequence)]
    for layer in network.recurrent:
        ahead = plain_direction(layer.ahead, values)
        back = plain_direction(layer.back, values.flip(0)).flip(0)
        values = torch.cat([ahead, back], dim=1)
    if pooling == "last":
        pooled = torch.cat([ahead[-1], back[0]])
    else:
        pooled = values.mean(0) if pooling == "mean" else values.amax(0)
    return network.output(pooled)[0]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("positions", ["none", "learned"])
@pytest.mark.parametrize("layers", [1, 2])
def test_values_and_gradients_are_those_of_a_plain_loop(layers: int, pooling: str, positions: str) -> None:
    chosen = {"layers": layers, "pooling": pooling, "positions": positions}
    config = LearnerConfig.from_dict({**TINY.as_dict(), **chosen})
    network = build_network(config, VOCABULARY, CONSENSUS, seed=2).double()
    rows = [[1, 2, 3, 4, 5, 6, 1], [2], [6, 5, 4], [3, 3, 3, 3]]
    logits = network(*padded(rows, 9))
    reference = torch.stack([plain_logit(network, row, pooling) for row in rows])
    torch.testing.assert_close(logits, reference)
    weights = list(network.parameters())
    scale = torch.tensor([1.0, -2.0, 3.0, 0.5], dtype=torch.float64)
    ours = torch.autograd.grad((logits * scale).sum(), weights)
    theirs = torch.autograd.grad((reference * scale).sum(), weights)
    for left, right in zip(ours, theirs, strict=True):
        torch.testing.assert_close(left, right)


@pytest.mark.parametrize("steps", [40, 300])
def test_last_pooling_equals_a_packed_bidirectional_lstm(steps: int) -> None:
    torch.manual_seed(0)
    layer = BidirectionalLSTM(5, 6)
    packed_lstm = nn.LSTM(5, 6, bidirectional=True)
    for name, value in layer.ahead.named_parameters():
        packed_lstm.get_parameter(name).data.copy_(value.data)
    for name, value in layer.back.named_parameters():
        packed_lstm.get_parameter(f"{name}_reverse").data.copy_(value.data)
    inputs, lengths = torch.randn(steps, 3, 5), torch.tensor([steps, 7, 1])
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, enforce_sorted=False)
    _, (states, _) = packed_lstm(packed)
    expected = torch.cat([states[0], states[1]], dim=1)
    _, ours = StockEngine().features(layer, inputs, lengths)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@EVERY_OTHER_WAY
@pytest.mark.parametrize("positions", ["none", "learned"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_way_computes_what_the_stock_engine_does_over_hundreds_of_steps(
    pooling: str, positions: str, device: str, engine: str
) -> None:
    config = LearnerConfig.from_dict({**TINY.as_dict(), "pooling": pooling, "positions": positions})
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randint(1, VOCABULARY, (length,), generator=generator).tolist() for length in (300, 120, 1)]
    results = []
    for place, name in (("cpu", "stock"), (device, engine)):
        network = network_on(place, name, config)
        logits = logits_on(place, network, rows, padding=10)
        results.append([logits, *gradients_of(network, logits)])
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


@EVERY_OTHER_WAY
def test_no_two_gradients_are_one_memory_so_that_clipping_shortens_each_once(device: str, engine: str) -> None:
    network = network_on(device, engine, replace(TINY, layers=2))
    logits_on(device, network, [[1, 2, 3], [4]], padding=1).sum().backward()
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    places = [(gradient.untyped_storage().data_ptr(), gradient.storage_offset()) for gradient in gradients]
    assert len(set(places)) == len(places)


@given(lengths=st.lists(st.integers(1, 8), min_size=1, max_size=6), extra=st.integers(0, 3))
@settings(deadline=None)
def test_reversal_reverses_the_valid_part_and_is_its_own_inverse(lengths: list[int], extra: int) -> None:
    steps = max(lengths) + extra
    values = torch.arange(steps * len(lengths), dtype=torch.float32).view(steps, len(lengths), 1)
    index = reversal(torch.tensor(lengths), steps)
    reversed_values = reverse_within_lengths(values, index)
    for column, length in enumerate(lengths):
        assert torch.equal(reversed_values[:length, column], values[:length, column].flip(0))
        assert torch.equal(reversed_values[length:, column], values[length:, column])
    assert torch.equal(reverse_within_lengths(reversed_values, index), values)


def test_stacked_layers_read_both_directions_of_the_layer_below() -> None:
    network = build_network(replace(TINY, layers=3), VOCABULARY, CONSENSUS, seed=0)
    assert [layer.input_size for layer in network.recurrent] == [3, 8, 8]
    assert all(2 * lower.hidden_size == upper.input_size for lower, upper in pairwise(network.recurrent))
