"""From a probability to a call."""

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5  #: a probability of resistance above it is called resistant, as in training and `hpo predict`


def called_resistant(probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Turns probabilities into calls."""
    return np.asarray(probabilities > THRESHOLD)
