"""A GPU's ways, on a CPU: batches of few shapes, rows of weight 0 and the call that masks by closing gates."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.batching import Examples, evaluation_batches, merge, pace, plan_epoch
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.epochs import Curves
from model.fitting import Fitting
from model.gpu.cudnn import CudnnEngine
from model.gpu.evaluation import PaddedRows
from model.gpu.gathering import at_ends, look_up
from model.gpu.graphs import GraphRunner
from model.gpu.plan import DevicePlan
from model.gpu.shapes import ROW_PARTS, TIME_PARTS, Shape, pad, rounded_up
from model.gpu.training import PaddedSteps
from model.layers import final_states
from model.prediction import load_rows, logits_of
from model.ragged import Ragged
from model.steps import Learner

CPU = torch.device("cpu")
VOCABULARY = 6
CONFIG = replace(
    original_configuration("dna"),
    embedding_size=5,
    hidden_size=6,
    layers=2,
    batch_size=13,
    learning_rate=0.02,
    dropout=0.0,  # padded batches would draw more random numbers
    schedule="cosine",
    weight_decay=0.01,
)
SETTINGS = TrainingSettings(max_epochs=3, engine="stock")


def examples(rows: int, shortest: int, longest: int = 30) -> Examples:
    generator = np.random.default_rng(longest)
    lengths = generator.integers(shortest, longest + 1, rows)
    tokens = generator.integers(2, VOCABULARY, (rows, longest), dtype=np.uint8)
    tokens[np.arange(longest) >= lengths[:, None]] = 0
    tokens[: rows // 4], lengths[: rows // 4] = tokens[0], lengths[0]  # a heavy row
    return Examples(Ragged.of_padded(tokens, lengths), (tokens[:, :3] == 5).any(axis=1))


RAGGED, UNIFORM = examples(90, shortest=4), examples(90, shortest=30)


@given(size=st.integers(1, 5000), parts=st.sampled_from([TIME_PARTS, ROW_PARTS]))
def test_sizes_are_rounded_up_to_few_that_are_hardly_larger(size: int, parts: int) -> None:
    rounded = rounded_up(size, parts)
    assert size <= rounded < size + max(8, size / parts)
    assert rounded_up(rounded, parts) == rounded


def test_sizes_of_an_octave_are_as_many_as_its_parts() -> None:
    assert len({rounded_up(size, 8) for size in range(129, 257)}) == 8


@given(lengths=st.lists(st.integers(1, 70), min_size=1, max_size=80), batch=st.integers(1, 40), seed=st.integers(0, 9))
def test_padded_batches_hold_the_rows_with_their_shares_and_nothing_of_weight_beside(
    lengths: list[int], batch: int, seed: int
) -> None:
    each = np.array(lengths)
    weights = np.random.default_rng(seed).integers(1, 9, len(each)).astype(np.float32)
    epoch = plan_epoch(each, weights, pace(int(weights.sum()), len(each), batch), np.random.default_rng(seed))
    padded = pad(epoch, each)
    assert len({shape.rows for shape in padded.shapes}) == 1
    for number, (planned, shape) in enumerate(zip(epoch.batches, padded.shapes, strict=True)):
        rows, share = padded.rows[number], padded.share[number]
        size = planned.stop - planned.start
        np.testing.assert_array_equal(rows[:size], epoch.rows[planned.start : planned.stop])
        np.testing.assert_array_equal(share[:size], epoch.share[planned.start : planned.stop])
        assert not share[size:].any()
        assert planned.longest <= shape.steps <= each.max()
        assert shape.uniform == (set(each[rows]) == {shape.steps})


def test_rows_of_one_length_have_one_shape_that_needs_no_mask() -> None:
    assert set(pad(evaluation_batches(np.full(70, 99), 32), np.full(70, 99)).shapes) == {Shape(99, 32, uniform=True)}


def test_a_plan_gives_each_step_its_rows_shares_and_rate() -> None:
    epoch = evaluation_batches(np.arange(1, 21), 8)
    padded = pad(epoch, np.arange(1, 21))
    rates = np.array([0.5, 0.25, 0.125], dtype=np.float32)
    plan = DevicePlan(7, 8, CPU)
    for _ in range(2):
        plan.load(padded.table(rates))
        for step in range(3):
            plan.pick()
            assert plan.rows.tolist() == padded.rows[step].tolist()
            assert plan.share.tolist() == padded.share[step].tolist()
            assert plan.rate.item() == rates[step]
            plan.advance(plan.share * (step + 1))
    assert plan.logits[:3].tolist() == (padded.share * np.array([[1], [2], [3]])).tolist()


def trained(data: Examples, config: LearnerConfig, padded: bool) -> tuple[Curves, dict[str, torch.Tensor]]:
    """Curves and weights after three epochs, in the plain way or in a GPU's."""
    fitting = Fitting(config, SETTINGS, data, VOCABULARY, 3, "cpu", data)
    if padded:
        fitting.network.engine = CudnnEngine()
        learner = Learner(fitting.network, fitting.optimizer, fitting.data, fitting.pace.steps / fitting.data.rows)
        fitting.steps = PaddedSteps(learner, fitting.rows.lengths, fitting.pace.steps, fitting.runner)
        distinct = merge(data)
        loaded = PaddedRows.load(distinct.tokens, CPU, 32)
        fitting.evaluated = replace(loaded, places=loaded.places[distinct.of_row])
    curves = Curves()
    for epoch in range(1, 4):
        fitting.one_epoch(epoch, curves, lambda: None)
    return curves, fitting.network.state_dict()


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("positions", ["none", "learned"])
@pytest.mark.parametrize("data", [RAGGED, UNIFORM], ids=["ragged", "uniform"])
def test_a_gpus_way_of_training_learns_what_the_plain_way_does(data: Examples, pooling: str, positions: str) -> None:
    config = replace(CONFIG, pooling=pooling, positions=positions)
    (curves, weights), (expected_curves, expected) = (trained(data, config, padded) for padded in (True, False))
    for name, values in vars(expected_curves).items():
        np.testing.assert_allclose(getattr(curves, name), values, rtol=1e-4)
    for name, value in expected.items():
        torch.testing.assert_close(weights[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("data", [RAGGED, UNIFORM], ids=["ragged", "uniform"])
def test_rows_are_evaluated_alike_in_batches_of_few_shapes(data: Examples) -> None:
    network = Fitting(CONFIG, SETTINGS, data, VOCABULARY, 3, "cpu", None).network
    plain, runner = load_rows(data.tokens, CPU, 16), GraphRunner(CPU)
    padded = PaddedRows.load(data.tokens, CPU, 16)
    batches: list[int] = []
    expected = logits_of(network, plain, runner)
    network.engine = CudnnEngine()
    for _ in range(2):
        logits = logits_of(network, padded, runner, lambda: batches.append(1))
        np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)
    assert len(batches) == 2 * 6


def test_closed_gates_leave_nothing_at_padding_and_no_gradient_from_there() -> None:
    network = Fitting(CONFIG, SETTINGS, RAGGED, VOCABULARY, 3, "cpu", None).network
    layer, lengths = next(network.layers), torch.tensor([7, 1, 4])
    values = torch.randn(7, 3, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    outputs, _ = CudnnEngine().features(layer, values, lengths)
    (gradient,) = torch.autograd.grad(outputs.square().sum(), values)
    for column, length in enumerate(lengths.tolist()):
        assert not outputs[length:, column].any()
        assert not gradient[length:, column].any()
        assert gradient[:length, column].abs().sum(1).all()


def test_look_ups_and_their_gradients_are_torchs_own() -> None:
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(6, 5, generator=generator, requires_grad=True)
    tokens = torch.randint(0, 6, (9, 4), generator=generator).to(torch.uint8)
    outputs = torch.randn(9, 4, 8, generator=generator, requires_grad=True)
    lengths = torch.tensor([9, 1, 5, 8])
    for ours, theirs, source in (
        (look_up(table, tokens), torch.nn.functional.embedding(tokens.long(), table), table),
        (at_ends(outputs, lengths), final_states(outputs, lengths), outputs),
    ):
        assert torch.equal(ours, theirs)
        gradients = [torch.autograd.grad(one.square().sum(), source)[0] for one in (ours, theirs)]
        torch.testing.assert_close(*gradients)


def test_a_runner_without_a_gpu_does_each_piece_of_work_once() -> None:
    done: Counter[str] = Counter()
    runner = GraphRunner(CPU)
    works: dict[str, Callable[[], None]] = {name: lambda name=name: done.update([name]) for name in ("a", "b")}
    for name in "aababaa":
        runner.run(name, works[name])
    assert done == {"a": 5, "b": 2}
    assert runner.graphs == 0
    runner.close()
