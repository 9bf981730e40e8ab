"""Prediction: probabilities from a trained network, or from several."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from model import runtime
from model.batching import Examples, merge
from model.device_rows import EvaluationRows
from model.errors import PredictionError
from model.gpu.cudnn import CudnnEngine
from model.gpu.evaluation import PaddedRows
from model.gpu.graphs import GraphRunner
from model.gpu.lanes import lane
from model.network import BiLSTM
from model.ragged import Ragged

#: Rows that are evaluated together.
EVALUATION_BATCH = 512
Rows = EvaluationRows | PaddedRows


class TokenRows(Protocol):
    """Encoded sequences, for example an `Encoded`."""

    @property
    def tokens(self) -> Ragged:
        """N rows."""


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

    Raises:
        PredictionError: An answer is not a number.
    """
    place = runtime.resolve_device(device)
    if len(encoded.tokens) == 0:
        return np.empty(0, dtype=np.float32)
    members = [networks] if isinstance(networks, BiLSTM) else list(networks)
    total = np.zeros(len(encoded.tokens), dtype=np.float64)
    with lane(place), runtime.arithmetic("fp32", place):
        rows = load_rows(encoded.tokens, place, batch_size)
        for network in members:
            with _moved(network, place), closing(GraphRunner(place)) as runner:
                total += probability(logits_of(network, rows, runner))
    answers = (total / len(members)).astype(np.float32)
    _check_answers(answers)
    return answers


def _check_answers(answers: NDArray[np.float32]) -> None:
    """Refuses NaN, to which finite but huge weights overflow: it is not above 0.5, and would pass for susceptible."""
    broken = np.flatnonzero(~np.isfinite(answers))
    if len(broken):
        raise PredictionError(
            f"The model has no answer for {len(broken)} of {len(answers)} genes, the first of them number "
            f"{broken[0] + 1}: it computes a value that is not a number, so its weights are damaged or too large.",
            "Take a fresh copy of the model, or train it again.",
        )


@contextmanager
def _moved(network: BiLSTM, device: torch.device) -> Iterator[None]:
    """Lends a network to a device, with the engine that runs there."""
    engine = network.engine
    if device.type != "cpu":
        network.engine = CudnnEngine()
    network.to(device)
    try:
        yield
    finally:
        network.cpu()
        network.engine = engine


def load_rows(tokens: Ragged, device: torch.device, batch_size: int) -> Rows:
    """Brings N rows to a device, in batches of at most `batch_size`."""
    kind = EvaluationRows if device.type == "cpu" else PaddedRows
    return kind.load(tokens, device, batch_size)


def load_distinct(rows: Examples, device: torch.device) -> Rows:
    """Brings rows to a device, equal ones once."""
    distinct = merge(rows)
    loaded = load_rows(distinct.tokens, device, EVALUATION_BATCH)
    return replace(loaded, places=loaded.places[distinct.of_row])


def probability(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sigmoid of logits, exact at both ends; of what is not a number, the same."""
    with np.errstate(invalid="ignore"):
        return np.exp(-np.logaddexp(0.0, -logits)).astype(np.float32)


@torch.inference_mode()
def logits_of(
    network: BiLSTM, rows: Rows, runner: GraphRunner, on_batch: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """Computes the network's logits; leaves the network in evaluation mode.

    Args:
        network: On the device of `rows`.
        rows: N of them.
        runner: Of this network.
        on_batch: Called after each batch. May raise to stop.

    Returns:
        [N] float32, in the order of the rows that were loaded.
    """
    network.eval()
    values: NDArray[np.float32] = rows.logits(network, runner, on_batch).float().cpu().numpy()
    return values[rows.places]
