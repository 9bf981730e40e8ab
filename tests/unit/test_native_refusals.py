"""The native training of mutations: stops, checkpoints, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model.batching import Batch, Epoch
from model.configuration import TrainingSettings
from model.native import native_layer, steps
from model.native.steps import NativeSteps
from model.training import train_fold
from native_fitting import LETTERS, POSITIONS, begin, config, examples, learner_of, plan_of, same

pytestmark = pytest.mark.skipif(native_layer() is None, reason="no native layer here")


def test_every_batch_is_told() -> None:
    fitting, told = begin(), []
    plan = plan_of(fitting)
    fitting.steps.epoch(plan, [1e-3] * len(plan.batches), lambda: told.append(1))
    assert len(told) == len(plan.batches) > 1


def test_a_stop_leaves_the_batches_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "CALL", 1.0)
    stopped, shorter = begin(), begin()
    plan, told = plan_of(stopped), []

    def stop() -> None:
        told.append(1)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.steps.epoch(plan, [1e-3] * len(plan.batches), stop)
    end = plan.batches[2].stop
    three = Epoch(plan.rows[:end], plan.share[:end], plan.batches[:3])
    shorter.steps.epoch(three, [1e-3] * 3, lambda: None)
    assert same(stopped, shorter)


def test_a_checkpoint_goes_on_with_the_same_numbers() -> None:
    arguments = (config(), TrainingSettings(engine="native", max_epochs=4), examples(), examples(100, 1), LETTERS, 7)
    left: list[bytes] = []
    whole = train_fold(*arguments, positions=POSITIONS, on_epoch=lambda _, checkpoint: left.append(checkpoint()))
    resumed = train_fold(*arguments, positions=POSITIONS, checkpoint=left[1])
    assert np.array_equal(whole.probabilities, resumed.probabilities)
    assert whole.curves == resumed.curves


def test_what_is_no_number_reaches_the_loss() -> None:
    fitting = begin()
    plan = plan_of(fitting)
    with torch.no_grad():
        fitting.network.output.bias.fill_(float("nan"))
    loss, _ = fitting.steps.epoch(plan, [1e-3] * len(plan.batches), lambda: None)
    assert loss.isnan()
    assert all(weight.isnan().any() for weight in fitting.network.parameters())


@pytest.mark.parametrize(
    ("what", "spoil", "message"),
    [
        ("flat", lambda tokens: tokens.index_fill(0, torch.tensor([0]), LETTERS * POSITIONS), "0 to 1319 is allowed"),
        ("flat", lambda tokens: tokens - 1, "reach from -1"),
        ("flat", lambda tokens: tokens.long(), "are needed, all contiguous"),
        ("flat", lambda tokens: tokens[: len(tokens) // 2], "do not follow each other"),
        ("starts", lambda starts: starts + 1, "do not follow each other"),
        ("starts", lambda starts: starts[1:], "of as many rows are needed"),
        ("lengths", lambda lengths: lengths + 1, "1 to 9 is allowed"),
        ("lengths", lambda lengths: lengths - 1, "reach from 0"),
        ("lengths", lambda lengths: lengths[1:], "of as many rows are needed"),
        ("positives", lambda positives: positives[1:], "is needed"),
        ("negatives", lambda negatives: negatives.double(), "contiguous float32"),
    ],
)
def test_rows_that_do_not_fit_are_refused(what: str, spoil: Callable[[Tensor], Tensor], message: str) -> None:
    learner = learner_of(begin())
    data, part = learner.data, learner.data if what in ("positives", "negatives") else learner.data.tokens
    changed: Any = replace(part, **{what: spoil(getattr(part, what))})
    spoilt = changed if part is data else replace(data, tokens=changed)
    with pytest.raises(ValueError, match=message):
        NativeSteps(replace(learner, data=spoilt), native_layer())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda plan: replace(plan, rows=plan.rows + 1), "rows reach"),
        (lambda plan: replace(plan, share=plan.share[1:]), "is needed"),
        (lambda plan: replace(plan, batches=plan.batches[1:]), "follow each other"),
        (lambda plan: replace(plan, batches=(*plan.batches[:-1], replace(plan.batches[-1], stop=10_000))), "follow"),
        (lambda plan: replace(plan, batches=(Batch(0, len(plan.rows), 3),) * len(plan.batches)), "follow each other"),
        (
            lambda plan: replace(plan, batches=(replace(plan.batches[0], longest=1), *plan.batches[1:])),
            "longest rows are told",
        ),
        (lambda plan: replace(plan, batches=()), "follow each other"),
    ],
)
def test_plans_that_do_not_fit_are_refused(spoil: Callable[[Epoch], Epoch], message: str) -> None:
    fitting = begin()
    plan = plan_of(fitting)
    with pytest.raises(ValueError, match=message):
        fitting.steps.epoch(spoil(plan), [1e-3] * len(plan.batches), lambda: None)


def test_a_rate_for_each_batch_is_needed() -> None:
    fitting = begin()
    with pytest.raises(ValueError, match="have a rate each"):
        fitting.steps.epoch(plan_of(fitting), [1e-3], lambda: None)


def test_another_optimizer_or_network_is_refused() -> None:
    fitting, other = begin(), begin()
    foreign = replace(learner_of(fitting), optimizer=other.optimizer)
    plan = plan_of(fitting)
    with pytest.raises(ValueError, match="must be the same tensors"):
        NativeSteps(foreign, native_layer()).epoch(plan, [1e-3] * len(plan.batches), lambda: None)  # type: ignore[arg-type]
    fitting.network.double()
    with pytest.raises(ValueError, match="contiguous float32"):
        NativeSteps(learner_of(fitting), native_layer())  # type: ignore[arg-type]
