"""How long to train: a fold's curves, when a fold may stop, and the one number of epochs that all folds share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Curves:
    """What one training recorded after each epoch; the lists are equally long.

    Losses are mean binary cross-entropies per row, in nats, without class weights, so that the training's, the
    validation's and the test's can be compared. The training's are running values of the epoch, dropout on.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    #: Empty where there is no validation set.
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return len(self.train_loss)


def should_stop(validation_loss: Sequence[float], patience: int) -> bool:
    """Says whether the lowest validation loss lies `patience` or more epochs back."""
    return len(validation_loss) > 0 and len(validation_loss) - 1 - int(np.argmin(validation_loss)) >= patience


def choose_epoch(curves: Sequence[Curves]) -> int:
    """Chooses the one number of epochs for all folds: lowest validation loss in the mean over the folds.

    Only epochs that every fold ran are compared, so no fold gets an epoch of its own choice. The loss decides and not
    the accuracy: it moves smoothly, so its lowest point over many epochs flatters far less than the highest accuracy.

    Args:
        curves: One per fold, each with a validation set.

    Returns:
        Epochs, counted from 1.
    """
    shared = min(len(curve.validation_loss) for curve in curves)
    mean = np.mean([curve.validation_loss[:shared] for curve in curves], axis=0)
    return int(np.argmin(mean)) + 1
