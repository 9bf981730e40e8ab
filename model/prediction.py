"""Prediction: probabilities from a trained network, or from several."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from model import runtime
from model.device_rows import EvaluationRows
from model.network import BiLSTM

#: Rows that are evaluated together.
EVALUATION_BATCH = 512


class TokenRows(Protocol):
    """Encoded sequences, for example an `Encoded`."""

    @property
    def tokens(self) -> NDArray[np.uint8]:
        """[N, T], PAD after each row's end."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N], 1 to T."""


def predict(
    networks: BiLSTM | Sequence[BiLSTM],
    encoded: TokenRows,
    device: str = "cpu",
    batch_size: int = EVALUATION_BATCH,
) -> NDArray[np.float32]:
    """Computes P(resistant); a sequence's probability does not depend on the others.

    Args:
        networks: One network, or several whose probabilities are averaged. They come back on the CPU.
        encoded: N sequences, encoded as the networks' training rows were.
        device: As `runtime.resolve_device` takes it.
        batch_size: Rows at once.

    Returns:
        [N] float32.
    """
    place = runtime.resolve_device(device)
    if len(encoded.lengths) == 0:
        return np.empty(0, dtype=np.float32)
    rows = EvaluationRows.load(encoded.tokens, encoded.lengths, place, batch_size)
    members = [networks] if isinstance(networks, BiLSTM) else list(networks)
    total = np.zeros(len(encoded.lengths), dtype=np.float64)
    for network in members:
        with runtime.arithmetic("fp32", place):
            logits = logits_of(network.to(place), rows)
        network.cpu()
        total += probability(logits)
    return (total / len(members)).astype(np.float32)


def probability(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sigmoid of logits, exact at both ends."""
    return np.exp(-np.logaddexp(0.0, -logits)).astype(np.float32)


@torch.inference_mode()
def logits_of(
    network: BiLSTM, rows: EvaluationRows, on_batch: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """Computes the network's logits; leaves the network in evaluation mode.

    Args:
        network: On the device of `rows`.
        rows: N of them.
        on_batch: Called after each batch. May raise to stop.

    Returns:
        [N] float32, in the order of the rows that were loaded.
    """
    network.eval()
    parts = []
    for tokens, lengths in rows.batches:
        parts.append(network(tokens, lengths))
        on_batch()
    values: NDArray[np.float32] = torch.cat(parts).float().cpu().numpy()
    return values[rows.places]
