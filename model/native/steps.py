"""Optimizer steps on genes given by their mutations, many in one call of the native library.

With a few mutations to a row a step's arithmetic takes less time than torch takes to be asked for it, so the whole
step is in C++: `trainer.h`. The numbers are those of `PlainSteps` up to rounding, dropout's included.

Shape letters: B rows of a batch, D distinct rows, T time, V vocabulary, P positions, E embedding, H hidden.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor

from model.adam import BETAS, EPSILON
from model.batching import Epoch
from model.dropout import bounds
from model.linear import ByPosition
from model.native.checks import check_plan, check_rows
from model.native.layer import NativeLayer
from model.native.training import POOLINGS, check_floats, parameters_of, training_of
from model.network import BiLSTM
from model.steps import MAX_GRADIENT_NORM, Learner

#: Floating-point operations of a call: some 0.1 s, after which a stop is seen.
CALL = 3e9
_Fields = dict[str, float | Tensor | None]


class NativeSteps:
    """Steps on a CPU.

    Args:
        learner: A network for mutations, its optimizer, and rows of mutations.
        native: The loaded library.

    Raises:
        ValueError: Something is not as the C++ code takes it for granted.
    """

    def __init__(self, learner: Learner, native: NativeLayer) -> None:
        self._learner, self._native = learner, native
        self._weights, shapes = _weights(learner.network)
        check_floats(self._weights, shapes)
        check_rows(learner.data, learner.network.longest * learner.network.embedding.num_embeddings)

    def epoch(self, plan: Epoch, rates: Sequence[float], on_batch: Callable[[], None]) -> Tensor:
        """See `Steps`; `on_batch` is called for the batches of each call together, after their steps."""
        check_plan(plan, rates, self._learner.data.tokens.lengths)
        network = self._learner.network
        stream = network.dropout_stream.state if network.dropout else None
        totals = torch.zeros(2, dtype=torch.float64)
        fields = {**self._network(), **self._rows(), **_plan(plan, rates), "stream": stream, "totals": totals}
        training = training_of(parameters_of(self._learner.optimizer, self._weights), fields)
        for training.first, training.end in self._calls(plan):
            self._native.train(training)
            if stream is not None:
                network.dropout_stream.state = stream
            for _ in range(training.first, training.end):
                on_batch()
        return totals.float()

    def _network(self) -> _Fields:
        """What the network and its optimizer are."""
        network = self._learner.network
        lowest, scale = bounds(network.dropout)
        return {
            "layers": len(network.recurrent),
            "embedding": network.embedding.embedding_dim,
            "hidden": network.output.in_features // 2,
            "vocabulary": network.embedding.num_embeddings,
            "places": network.longest,
            "pooling": POOLINGS.index(network.pooling),
            "threads": self._native.threads,
            "counted": network.linear.counted if isinstance(network.linear, ByPosition) else None,
            "longest_gradient": MAX_GRADIENT_NORM,
            "beta1": BETAS[0],
            "beta2": BETAS[1],
            "epsilon": EPSILON,
            "weight_decay": self._learner.optimizer.weight_decay,
            "lowest": lowest,
            "kept_scale": scale,
        }

    def _rows(self) -> _Fields:
        """What there is to learn from."""
        data = self._learner.data
        return {
            "tokens": data.tokens.flat,
            "starts": data.tokens.starts,
            "lengths": data.tokens.lengths,
            "positives": data.positives,
            "negatives": data.negatives,
            "positive_weight": data.positive_weight,
            "negative_weight": data.negative_weight,
            "scale": self._learner.scale,
        }

    def _calls(self, plan: Epoch) -> Iterator[tuple[int, int]]:
        """Cuts an epoch into first and last batches of calls that take about equally long."""
        recurrent = sum(weight.numel() for weight in self._learner.network.recurrent.parameters())
        others = 30 * sum(weight.numel() for weight in self._weights)
        first, operations = 0, 0.0
        for number, batch in enumerate(plan.batches):
            operations += 6 * recurrent * (batch.stop - batch.start) * batch.longest + others
            if operations >= CALL or number + 1 == len(plan.batches):
                yield first, number + 1
                first, operations = number + 1, 0.0


def _plan(plan: Epoch, rates: Sequence[float]) -> _Fields:
    """The epoch's batches."""
    return {
        "bounds": torch.tensor([0, *(batch.stop for batch in plan.batches)]),
        "longest": torch.tensor([batch.longest for batch in plan.batches]),
        "rows": torch.from_numpy(plan.rows),
        "share": torch.from_numpy(plan.share),
        "rates": torch.tensor(rates, dtype=torch.float64),
    }


def _weights(network: BiLSTM) -> tuple[list[Tensor], list[tuple[int, ...]]]:
    """The parameters in the order of training.h, and the shapes that they must have."""
    letters, size, units = network.embedding.num_embeddings, network.embedding.embedding_dim, network.output.in_features
    weights: list[Tensor] = [network.embedding.weight, cast(Tensor, network.positions)]
    shapes: list[tuple[int, ...]] = [(letters, size), (network.longest, size)]
    for layer in network.layers:
        for direction in layer.directions:
            weights += direction.parameters()
            shapes += [(2 * units, size), (2 * units, units // 2), (2 * units,), (2 * units,)]
        size = units
    weights += network.output.parameters()
    shapes += [(1, units), (1,)]
    if isinstance(network.linear, ByPosition):
        weights.append(network.linear.weight)
        shapes.append((network.longest, letters))
    return weights, shapes
