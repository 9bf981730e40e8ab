"""Rows to evaluate, in batches of few shapes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.batching import evaluation_batches
from model.device_tokens import DeviceTokens
from model.gpu.graphs import GraphRunner
from model.gpu.plan import DevicePlan
from model.gpu.shapes import Shape, pad
from model.network import BiLSTM
from model.ragged import Ragged


@dataclass(frozen=True, eq=False)
class PaddedRows:
    """Does for a GPU what `EvaluationRows` does for a CPU."""

    #: [N] int64, where each row stands in the batches, one after another.
    places: NDArray[np.int64]
    #: Of each batch.
    shapes: tuple[Shape, ...]
    tokens: DeviceTokens
    plan: DevicePlan

    @classmethod
    def load(
        cls,
        tokens: Ragged,
        device: torch.device,
        batch_size: int,
    ) -> "PaddedRows":
        """Copies N rows to a device, at most `batch_size` to a batch."""
        epoch = evaluation_batches(tokens.lengths, batch_size)
        padded = pad(epoch, tokens.lengths)
        batches, rows = padded.rows.shape
        plan = DevicePlan(batches, rows, device)
        plan.load(padded.table(np.zeros(batches, dtype=np.float32)))
        places = np.concatenate([n * rows + np.arange(b.stop - b.start) for n, b in enumerate(epoch.batches)])
        return cls(
            places=places[np.argsort(epoch.rows)],
            shapes=padded.shapes,
            tokens=DeviceTokens.load(tokens, device),
            plan=plan,
        )

    def logits(self, network: BiLSTM, runner: GraphRunner, on_batch: Callable[[], None]) -> Tensor:
        """See `EvaluationRows`."""
        self.plan.begin()
        for shape in self.shapes:
            runner.run(("evaluation", shape), partial(self._evaluate, network, shape))
            on_batch()
        return self.plan.logits.flatten()

    def _evaluate(self, network: BiLSTM, shape: Shape) -> None:
        self.plan.pick()
        self.plan.advance(network(*self.tokens.batch(self.plan.rows, shape.steps, uniform=shape.uniform)))
