"""Optimizer steps on batches as they are; `model.gpu.training` takes the same steps on batches of few shapes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from model.adam import Adam
from model.batching import Epoch
from model.device_rows import DeviceRows
from model.network import BiLSTM

#: Longest gradient that is followed as it is; a longer one keeps its direction. LSTMs meet rare, huge gradients.
MAX_GRADIENT_NORM = 5.0


class Steps(Protocol):
    """Takes the steps of an epoch."""

    def epoch(self, plan: Epoch, rates: Sequence[float], on_batch: Callable[[], None]) -> Tensor:
        """Takes one step per batch.

        Args:
            plan: The batches.
            rates: Learning rate of each.
            on_batch: Called after each. May raise to stop.

        Returns:
            [2] on the device: summed loss without class weights, and rows told right.
        """


@dataclass(frozen=True, eq=False)
class Learner:
    """A network with its optimizer and its rows, and what a step does to them."""

    network: BiLSTM
    optimizer: Adam
    data: DeviceRows
    #: Steps of an epoch divided by its rows: every row then counts alike over an epoch, in batches of any size.
    scale: float

    def follow(self, output: Tensor, gradient: Tensor | None = None) -> None:
        """Takes a step.

        Args:
            output: The loss, or what it depends on.
            gradient: Of the loss by `output`, where that is not the loss.
        """
        output.backward(gradient)  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        # Here and not before the next step: nothing of a step may outlast it where steps are captured.
        self.optimizer.forget_gradients()


@dataclass(frozen=True, eq=False)
class PlainSteps:
    """Steps on a CPU.

    Args:
        learner: Network, optimizer and rows.
    """

    learner: Learner

    def epoch(self, plan: Epoch, rates: Sequence[float], on_batch: Callable[[], None]) -> Tensor:
        """See `Steps`."""
        device = self.learner.data.positives.device
        order = torch.from_numpy(plan.rows).to(device)
        share = torch.from_numpy(plan.share).to(device)
        totals = torch.zeros(2, device=device)
        for batch, rate in zip(plan.batches, rates, strict=True):
            self.learner.optimizer.learning_rate = rate
            part = slice(batch.start, batch.stop)
            totals += self._step(order[part], share[part], batch.longest)
            on_batch()
        return totals

    def _step(self, rows: Tensor, share: Tensor, longest: int) -> Tensor:
        data = self.learner.data
        logits = self.learner.network(*data.tokens.batch(rows, longest))
        resistant, susceptible = data.positives[rows] * share, data.negatives[rows] * share
        if_resistant, if_susceptible = functional.softplus(-logits), functional.softplus(logits)
        weighted = resistant * if_resistant * data.positive_weight + susceptible * if_susceptible * data.negative_weight
        self.learner.follow(weighted.sum() * self.learner.scale)
        with torch.no_grad():
            plain = (resistant * if_resistant + susceptible * if_susceptible).sum()
            right = torch.where(logits > 0.0, resistant, susceptible).sum()
            return torch.stack([plain, right])
