"""What training costs, in floating-point operations: enough to tell how much longer one configuration takes.

Counted are the matrix products of the recurrent layers, and a fixed cost of each step. Everything else is left out:
embedding, gates, dropout, pooling and linear path, padding, and the rows that are validated.
"""

import numpy as np

from model.batching import pace
from model.configuration import LearnerConfig
from model.encoding import Encoded

#: A training step's products: one forward, and two backward, for the gradients of the inputs and of the weights.
_PASSES = 3
#: What an optimizer step takes beside its products, as the products that a CPU core computes meanwhile: some 8 ms at
#: 2.4e10 operations a second where Python takes each step...
OPERATIONS_PER_STEP = 200_000_000
#: ...and some 0.4 ms where C++ takes many in one call, as on mutations.
OPERATIONS_PER_NATIVE_STEP = 10_000_000


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


def operations_per_epoch(config: LearnerConfig, rows: Encoded) -> int:
    """Estimates the floating-point operations of an epoch: tokens * operations of a token + steps * those of a step.

    Tokens are those of the distinct rows, as often as the epoch sees them. A step of a small network on few tokens
    takes its time whatever it computes: it counts as `OPERATIONS_PER_STEP`, or `OPERATIONS_PER_NATIVE_STEP`.

    Args:
        config: Its sizes and its batch size.
        rows: [N, T] to train, equal ones to be merged; of any encoding.
    """
    _, first = np.unique(rows.identities(), return_index=True)
    rhythm = pace(len(rows), len(first), config.batch_size)
    tokens = rhythm.passes * int(rows.lengths[first].sum())
    step = OPERATIONS_PER_STEP if rows.positions is None else OPERATIONS_PER_NATIVE_STEP
    return tokens * operations_per_token(config) + rhythm.steps * step
