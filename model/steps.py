"""Optimizer steps on batches as they are; `model.gpu.training` takes the same steps on batches of few shapes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

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
    optimizer: torch.optim.Optimizer
    data: DeviceRows
    #: Steps of an epoch divided by its rows: every row then counts alike over an epoch, in batches of any size.
    scale: float

    def set(self, **options: object) -> None:
        """Sets options of the optimizer, for example its learning rate."""
        for group in self.optimizer.param_groups:
            group.update(options)

    def learn(self, logits: Tensor, resistant: Tensor, susceptible: Tensor) -> Tensor:
        """Takes a step.

        Args:
            logits: [B], of the rows.
            resistant: [B], how many resistant rows each of them stands for.
            susceptible: [B], likewise.

        Returns:
            [2], as `Steps.epoch`, of this batch.
        """
        data = self.data
        if_resistant, if_susceptible = functional.softplus(-logits), functional.softplus(logits)
        weighted = resistant * if_resistant * data.positive_weight + susceptible * if_susceptible * data.negative_weight
        loss = weighted.sum() * self.scale
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        # Here and not before the next step: nothing of a step may outlast it where steps are captured.
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            plain = (resistant * if_resistant + susceptible * if_susceptible).sum()
            right = torch.where(logits > 0.0, resistant, susceptible).sum()
            return torch.stack([plain, right])


@dataclass(frozen=True, eq=False)
class PlainSteps:
    """Steps on a CPU.

    Args:
        learner: Network, optimizer and rows.
    """

    learner: Learner

    def epoch(self, plan: Epoch, rates: Sequence[float], on_batch: Callable[[], None]) -> Tensor:
        """See `Steps`."""
        data, device = self.learner.data, self.learner.data.tokens.device
        order = torch.from_numpy(plan.rows).to(device)
        share = torch.from_numpy(plan.share).to(device)
        totals = torch.zeros(2, device=device)
        for batch, rate in zip(plan.batches, rates, strict=True):
            self.learner.set(lr=rate)
            part = slice(batch.start, batch.stop)
            rows, of_row = order[part], share[part]
            logits = self.learner.network(data.tokens[: batch.longest].index_select(1, rows), data.lengths[rows])
            totals += self.learner.learn(logits, data.positives[rows] * of_row, data.negatives[rows] * of_row)
            on_batch()
        return totals
