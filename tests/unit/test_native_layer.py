"""The native layer against `nn.LSTM` in float64: values, gradients, masking, repeatability.

Largest relative error (largest difference over largest reference value of the tensor), measured at T up to 910:
8e-7 in values and 4e-6 in gradients; `nn.LSTM` in float32 has 8e-7 and 4e-6 itself. The tests allow 3e-6 and 2e-5.
"""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from model.native import NativeLayer, native_layer
from native_libraries import native_for

VALUE_ERROR = 3e-6
GRADIENT_ERROR = 2e-5


@pytest.fixture(scope="module", params=["native", "haswell"])
def layer(request: pytest.FixtureRequest) -> NativeLayer:
    """As built for this CPU, and as built for one with AVX2 alone."""
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("no AVX2 here")
    return native_for(request.param)


@dataclass(frozen=True)
class Case:
    """Random inputs of a layer, and random gradients of its results."""

    x: Tensor
    lengths: Tensor
    w_in: Tensor
    w_state: Tensor
    bias: Tensor
    dy: Tensor
    dlast: Tensor


def make_case(steps: int, batch: int, inputs: int, hidden: int, *, seed: int = 0) -> Case:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*shape, generator=generator) * scale

    lengths = torch.randint(1, steps + 1, (batch,), generator=generator)
    lengths[batch // 2] = steps
    return Case(
        x=normal(steps, batch, inputs),
        lengths=lengths,
        w_in=normal(2, 4 * hidden, inputs, scale=inputs**-0.5),
        w_state=normal(2, 4 * hidden, hidden, scale=hidden**-0.5),
        bias=normal(2, 4 * hidden, scale=0.5),
        dy=normal(steps, batch, 2 * hidden),
        dlast=normal(2, batch, hidden),
    )


def one_direction(x: Tensor, w_in: Tensor, w_state: Tensor, bias: Tensor) -> Tensor:
    """`nn.LSTM` over one row: [L, I] -> [L, H]."""
    lstm = torch.nn.LSTM(x.shape[1], w_state.shape[1], dtype=x.dtype)
    weights = {"weight_ih_l0": w_in, "weight_hh_l0": w_state, "bias_ih_l0": bias, "bias_hh_l0": torch.zeros_like(bias)}
    result: Tensor = torch.func.functional_call(lstm, weights, (x,))[0]
    return result


def reference(x: Tensor, lengths: Tensor, w_in: Tensor, w_state: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The definition: each row alone, cut to its length; the backward direction reads it reversed."""
    outputs, finals = [], []
    for row, length in enumerate(lengths.tolist()):
        own = x[:length, row]
        ahead = one_direction(own, w_in[0], w_state[0], bias[0])
        back = one_direction(own.flip(0), w_in[1], w_state[1], bias[1])
        valid = torch.cat([ahead, back.flip(0)], dim=1)
        outputs.append(torch.nn.functional.pad(valid, (0, 0, 0, len(x) - length)))
        finals.append(torch.stack([ahead[-1], back[-1]]))
    return torch.stack(outputs, dim=1), torch.stack(finals, dim=1)


def relative_error(got: Tensor, expected: Tensor) -> float:
    got, expected = got.detach().double(), expected.detach()
    return float((got - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def run_native(layer: NativeLayer, case: Case) -> tuple[list[Tensor], list[Tensor]]:
    """Returns outputs and gradients of x, w_in, w_state, bias."""
    leaves = [t.clone().requires_grad_() for t in (case.x, case.w_in, case.w_state, case.bias)]
    y, last = layer.features(leaves[0], case.lengths, *leaves[1:])
    gradients = torch.autograd.grad([y, last], leaves, [case.dy, case.dlast])
    return [y.detach(), last.detach()], list(gradients)


def run_reference(case: Case) -> tuple[list[Tensor], list[Tensor]]:
    leaves = [t.double().requires_grad_() for t in (case.x, case.w_in, case.w_state, case.bias)]
    y, last = reference(leaves[0], case.lengths, *leaves[1:])
    gradients = torch.autograd.grad([y, last], leaves, [case.dy.double(), case.dlast.double()])
    return [y.detach(), last.detach()], list(gradients)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "batch", "inputs", "hidden"),
    [(1, 1, 1, 1), (1, 5, 3, 33), (7, 3, 5, 1), (60, 27, 20, 62), (60, 7, 33, 33), (300, 6, 124, 62), (910, 3, 10, 17)],
)
def test_values_and_gradients_are_those_of_nn_lstm(
    layer: NativeLayer, steps: int, batch: int, inputs: int, hidden: int
) -> None:
    case = make_case(steps, batch, inputs, hidden)
    values, gradients = run_native(layer, case)
    expected_values, expected_gradients = run_reference(case)
    assert max(map(relative_error, values, expected_values)) < VALUE_ERROR
    assert max(map(relative_error, gradients, expected_gradients)) < GRADIENT_ERROR


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "batch", "hidden"), [(1, 4, 16), (60, 30, 31), (910, 3, 62)])
def test_tokens_with_a_table_are_the_embedding_and_its_product(
    layer: NativeLayer, steps: int, batch: int, hidden: int
) -> None:
    vocabulary, size = 23, 9
    case = make_case(steps, batch, size, hidden)
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, vocabulary, (steps, batch), generator=generator, dtype=torch.uint8)
    embedding = torch.randn(vocabulary, size, generator=generator)
    leaves = [t.clone().requires_grad_() for t in (embedding, case.w_in, case.w_state, case.bias)]
    table = leaves[0] @ leaves[1].transpose(1, 2) + leaves[3].unsqueeze(1)
    y, last = layer.tokens(tokens, case.lengths, table, leaves[2])
    gradients = torch.autograd.grad([y, last], leaves, [case.dy, case.dlast])
    doubles = [t.detach().double().requires_grad_() for t in leaves]
    expected = reference(doubles[0][tokens.long()], case.lengths, *doubles[1:])
    expected_gradients = torch.autograd.grad(expected, doubles, [case.dy.double(), case.dlast.double()])
    assert max(map(relative_error, (y, last), expected)) < VALUE_ERROR
    assert max(map(relative_error, gradients, expected_gradients)) < GRADIENT_ERROR


def test_padding_is_zero_in_results_and_never_read(layer: NativeLayer) -> None:
    case = make_case(40, 30, 8, 20)
    padding = (torch.arange(40).unsqueeze(1) >= case.lengths).unsqueeze(2)
    clean = run_native(layer, case)
    poisoned = Case(
        **{
            **vars(case),
            "x": case.x.masked_fill(padding, float("nan")),
            "dy": case.dy.masked_fill(padding, float("nan")),
        }
    )
    dirty = run_native(layer, poisoned)
    for got, expected in zip(dirty[0] + dirty[1], clean[0] + clean[1], strict=True):
        assert torch.equal(got, expected)
    assert not clean[0][0].masked_select(padding).any()
    assert not clean[1][0].masked_select(padding).any()


def test_a_row_is_the_same_in_any_batch_and_with_any_padding(layer: NativeLayer) -> None:
    case = make_case(50, 61, 12, 37)
    together, _ = layer.features(case.x, case.lengths, case.w_in, case.w_state, case.bias)
    for row in (0, 17, 60):
        length = int(case.lengths[row])
        alone, _ = layer.features(
            case.x[:length, row : row + 1], case.lengths[row : row + 1], case.w_in, case.w_state, case.bias
        )
        assert torch.equal(alone[:, 0], together[:length, row])


def test_numbers_do_not_depend_on_threads_or_run(layer: NativeLayer) -> None:
    case = make_case(30, 150, 24, 33)
    first = run_native(layer, case)
    for threads in (1, 2, 3):
        layer.threads = threads
        again = run_native(layer, case)
        for got, expected in zip(again[0] + again[1], first[0] + first[1], strict=True):
            assert torch.equal(got, expected)


def test_gradients_of_one_result_alone(layer: NativeLayer) -> None:
    case = make_case(12, 9, 6, 10)
    leaves = [t.clone().requires_grad_() for t in (case.x, case.w_in, case.w_state, case.bias)]
    y, last = layer.features(leaves[0], case.lengths, *leaves[1:])
    parts = [
        torch.autograd.grad(result, leaves, gradient, retain_graph=True)
        for result, gradient in ((y, case.dy), (last, case.dlast))
    ]
    _, both = run_native(layer, case)
    for of_y, of_last, total in zip(*parts, both, strict=True):
        assert relative_error(of_y + of_last, total.double()) < GRADIENT_ERROR


def test_a_row_without_steps_is_zero(layer: NativeLayer) -> None:
    case = make_case(5, 3, 4, 6)
    y, last = layer.features(case.x, torch.tensor([5, 0, 2]), case.w_in, case.w_state, case.bias)
    assert not y[:, 1].any()
    assert not last[:, 1].any()


def test_inference_gives_the_values_of_training(layer: NativeLayer) -> None:
    case = make_case(20, 40, 8, 24)
    with torch.no_grad():
        values = layer.features(case.x, case.lengths, case.w_in, case.w_state, case.bias)
    for got, expected in zip(values, run_native(layer, case)[0], strict=True):
        assert torch.equal(got, expected)


def test_nonlinearities_are_accurate_and_pass_on_nan(layer: NativeLayer) -> None:
    values = torch.cat([torch.linspace(-30, 30, 100_001), torch.logspace(-30, 0, 1000)])
    sigmoid, tanh = layer.nonlinearities(values)
    for got, expected in ((sigmoid, values.double().sigmoid()), (tanh, values.double().tanh())):
        error = ((got.double() - expected).abs() / expected.abs().clamp(min=1e-35)).max()
        assert float(error) < 1e-6
    special = torch.tensor([float("nan"), float("inf"), -float("inf")])
    sigmoid, tanh = layer.nonlinearities(special)
    assert sigmoid[0].isnan()
    assert tanh[0].isnan()
    assert (sigmoid[1:] - torch.tensor([1.0, 0.0])).abs().max() < 1e-20
    assert (tanh[1:] - torch.tensor([1.0, -1.0])).abs().max() < 1e-7


def test_a_nan_in_one_row_stays_in_that_row_and_is_not_hidden(layer: NativeLayer) -> None:
    case = make_case(6, 8, 4, 5)
    case.x[0, 4, 0] = float("nan")
    y, _ = layer.features(case.x, case.lengths, case.w_in, case.w_state, case.bias)
    assert y[0, 4].isnan().any()
    assert not y[:, torch.arange(8) != 4].isnan().any()


def test_wrong_arguments_are_refused_before_memory_is_touched(layer: NativeLayer) -> None:
    case = make_case(5, 3, 4, 6)
    with pytest.raises(ValueError, match="shapes are"):
        layer.features(case.x, case.lengths, case.w_in[:, :-1], case.w_state, case.bias)
    with pytest.raises(ValueError, match="0 to 5 is allowed"):
        layer.features(case.x, case.lengths + 5, case.w_in, case.w_state, case.bias)
    with pytest.raises(ValueError, match="types are"):
        layer.features(case.x.double(), case.lengths, case.w_in, case.w_state, case.bias)
    with pytest.raises(ValueError, match="token 9 is not below"):
        layer.tokens(torch.full((5, 3), 9, dtype=torch.uint8), case.lengths, torch.zeros(2, 9, 24), case.w_state)


def test_this_process_has_one_layer_at_most() -> None:
    assert native_layer() is native_layer()
