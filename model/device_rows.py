"""Rows on the device that computes, and what to say when it has no room."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.batching import DistinctRows, evaluation_batches
from model.configuration import TrainingSettings
from model.device_tokens import DeviceTokens
from model.errors import OutOfMemoryError
from model.gpu.graphs import GraphRunner
from model.network import BiLSTM
from model.ragged import Ragged


@dataclass(frozen=True)
class DeviceRows:
    """The distinct training rows on the device, with what the loss needs."""

    tokens: DeviceTokens
    positives: Tensor  # [D] float32
    negatives: Tensor  # [D] float32
    rows: float  # N, before merging
    positive_weight: float
    negative_weight: float

    @classmethod
    def load(cls, rows: DistinctRows, settings: TrainingSettings, device: torch.device) -> "DeviceRows":
        """Copies rows to a device, with the class weights that the settings ask for."""
        positives, negatives = float(rows.positives.sum()), float(rows.negatives.sum())
        total = positives + negatives
        balanced = settings.class_weights == "balanced" and positives > 0 and negatives > 0
        return cls(
            tokens=DeviceTokens.load(rows.tokens, device),
            positives=torch.from_numpy(rows.positives).to(device),
            negatives=torch.from_numpy(rows.negatives).to(device),
            rows=total,
            positive_weight=total / (2.0 * positives) if balanced else 1.0,
            negative_weight=total / (2.0 * negatives) if balanced else 1.0,
        )


@dataclass(frozen=True, eq=False)
class EvaluationRows:
    """Rows on the device in the batches that they are evaluated in, however often that is.

    Batches are sorted by length, so that they take the sum of lengths and no more than one batch of padding.
    """

    #: Tokens [longest, B] and lengths [B] int64 of each batch.
    batches: tuple[tuple[Tensor, Tensor], ...]
    #: [N] int64, where each row stands in the batches, one after another; equal rows may stand there once.
    places: NDArray[np.int64]

    @classmethod
    def load(
        cls,
        tokens: Ragged,
        device: torch.device,
        batch_size: int,
    ) -> "EvaluationRows":
        """Copies N rows to a device, at most `batch_size` to a batch."""
        plan = evaluation_batches(tokens.lengths, batch_size)
        cuts = [(plan.rows[batch.start : batch.stop], batch.longest) for batch in plan.batches]
        batches = tuple(
            (
                torch.from_numpy(np.ascontiguousarray(tokens.padded(rows, longest).T)).to(device),
                torch.from_numpy(tokens.lengths[rows]).to(device),
            )
            for rows, longest in cuts
        )
        return cls(batches, places=np.argsort(plan.rows))

    def logits(self, network: BiLSTM, runner: GraphRunner, on_batch: Callable[[], None]) -> Tensor:
        """Computes a network's logits.

        Args:
            network: On the device of the rows, in evaluation mode.
            runner: Runs each batch, where that is worth while.
            on_batch: Called after each batch. May raise to stop.

        Returns:
            [places], from which `places` picks.
        """
        parts = []
        for tokens, lengths in self.batches:
            parts.append(network(tokens, lengths))
            on_batch()
        return torch.cat(parts)


@contextmanager
def memory_errors(device: torch.device) -> Iterator[None]:
    """Maps every way in which torch says that memory ran out.

    Raises:
        OutOfMemoryError: It did.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(device) from error
    except RuntimeError as error:
        # A CPU out of memory has no exception type of its own in torch.
        if "allocate memory" in str(error) or "bad_alloc" in str(error):
            raise _out_of_memory(device) from error
        raise


def _out_of_memory(device: torch.device) -> OutOfMemoryError:
    return OutOfMemoryError(
        f"The memory of {device} is not enough for this configuration.",
        "Use a smaller batch size, hidden size or encoding, fewer workers on this device, or a larger device.",
    )
