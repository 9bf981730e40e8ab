"""What training costs, in floating-point operations: enough to tell how much longer one configuration takes.

Counted are the matrix products of the recurrent layers. Everything else is left out: embedding, gates, dropout,
pooling, linear path and optimizer, padding, the rows that are validated, and what a step costs however small it is.
"""

import numpy as np

from model.batching import pace
from model.configuration import LearnerConfig
from model.encoding import Encoded

#: A training step's products: one forward, and two backward, for the gradients of the inputs and of the weights.
_PASSES = 3


def operations_per_token(config: LearnerConfig) -> int:
    """Counts the floating-point operations with which training takes one token through all layers.

    In each of two directions a layer has four gates of H units, and each of these weighs I inputs and H states. A
    weight costs a multiplication and an addition, so that a layer takes forward

        2 * 2 * 4 * H * (I + H) = 16 * H * (I + H),

    where I is E for the first layer and 2 * H for each that follows. Training takes three times as many.

    Args:
        config: Sizes E and H, and the number of layers.

    Source:
        Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """
    units = config.hidden_size
    inputs = [config.embedding_size] + [2 * units] * (config.layers - 1)
    return sum(_PASSES * 16 * units * (size + units) for size in inputs)


def tokens_per_epoch(rows: Encoded, batch_size: int) -> int:
    """Counts the tokens that an epoch trains: those of the distinct rows, as often as it sees them.

    Args:
        rows: [N, T] to train, equal ones to be merged.
        batch_size: Rows of an optimizer step, counted before they are merged.
    """
    _, first = np.unique(rows.identities(), return_index=True)
    return pace(len(rows), len(first), batch_size).passes * int(rows.lengths[first].sum())
