"""Optimizer steps on batches of few shapes, whose every input lies on the device before the epoch begins."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.batching import Epoch
from model.gpu.graphs import GraphRunner
from model.gpu.plan import DevicePlan
from model.gpu.shapes import Shape, pad
from model.steps import Learner


class PaddedSteps:
    """Steps on a GPU.

    Args:
        learner: Network, optimizer and rows.
        lengths: [D], of its rows.
        steps: The most steps of an epoch.
        runner: Runs each step.
    """

    def __init__(self, learner: Learner, lengths: NDArray[np.int64], steps: int, runner: GraphRunner) -> None:
        self._learner, self._lengths, self._most_steps, self._runner = learner, lengths, steps, runner
        self._device = learner.data.positives.device
        #: By the rows of a batch, because what was captured remembers its plan's place.
        self._plans: dict[int, DevicePlan] = {}
        data, scale = learner.data, learner.scale
        resistant, susceptible = data.positives * data.positive_weight, data.negatives * data.negative_weight
        #: [D, 2], what a row's gradient is made of: see `_step`.
        self._pulls = torch.stack([resistant + susceptible, resistant], dim=1) * scale

    def epoch(self, plan: Epoch, rates: Sequence[float], on_batch: Callable[[], None]) -> Tensor:
        """See `Steps`."""
        padded = pad(plan, self._lengths)
        rows = padded.rows.shape[1]
        if rows not in self._plans:
            self._plans[rows] = DevicePlan(self._most_steps, rows, self._device)
        self._plans[rows].load(padded.table(np.array(rates, dtype=np.float32)))
        for shape in padded.shapes:
            self._runner.run(("step", shape), partial(self._step, self._plans[rows], shape))
            on_batch()
        return self._told(self._plans[rows], len(padded.shapes))

    def _step(self, plan: DevicePlan, shape: Shape) -> None:
        plan.pick()
        data, rows = self._learner.data, plan.rows
        logits = self._learner.network(*data.tokens.batch(rows, shape.steps, uniform=shape.uniform))
        # The loss's gradient is short, and nobody asks for the loss of a step.
        both, resistant = self._pulls.index_select(0, rows).unbind(1)
        gradient = (torch.sigmoid(logits.detach().float()) * both - resistant) * plan.share
        optimizer = self._learner.optimizer
        optimizer.learning_rate, optimizer.capturable = plan.rate, self._runner.is_capturing
        self._learner.follow(logits, gradient.to(logits.dtype))
        plan.advance(logits)

    def _told(self, plan: DevicePlan, steps: int) -> Tensor:
        """Sums an epoch up: see `Steps`."""
        data, logits, rows = self._learner.data, plan.logits[:steps], plan.all_rows[:steps].long()
        resistant = data.positives[rows] * plan.all_shares[:steps]
        susceptible = data.negatives[rows] * plan.all_shares[:steps]
        plain = resistant * functional.softplus(-logits) + susceptible * functional.softplus(logits)
        right = torch.where(logits > 0.0, resistant, susceptible)
        return torch.stack([plain.sum(), right.sum()])
