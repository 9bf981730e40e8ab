"""Which trials complement each other: a blend is picked greedily by its out-of-fold loss.

The first pick is the best trial; each further pick is the trial whose probabilities, averaged with those of all picks
before it, give the lowest log loss on held-out rows. A trial may be picked again. Each pick becomes one network of the
final model, from a seed of its own, and the networks' probabilities are averaged as they are.

Source:
    Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models". What it brings here
    is in docs/decisions/0023-what-lifts-a-small-data-set.md.
"""

import numpy as np
from numpy.typing import NDArray

#: Picks, and so networks of a final model.
PICKS = 15
_LEAST = 1e-7  # a probability of 0 has no logarithm


def true_class(probabilities: NDArray[np.floating], labels: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Returns [C, N] the probability that each trial gave to what is true.

    Args:
        probabilities: [N, C] P(resistant).
        labels: [N].
    """
    given = np.where(labels[:, None], probabilities, 1.0 - probabilities)
    return np.ascontiguousarray(given.clip(_LEAST, 1.0).T, dtype=np.float32)


def pick(
    given: NDArray[np.float32], first: int, kinds: NDArray[np.int64] | None = None, picks: int = PICKS
) -> NDArray[np.int64]:
    """Picks trials that complement each other.

    Args:
        given: [C, N] from `true_class`.
        first: Trial of the first pick.
        kinds: [C], what trials must share with the first to be picked; by default they need share nothing.
        picks: How many there are to be.

    Returns:
        [C], how often each was picked; ties go to the earlier.
    """
    allowed = np.arange(len(given)) if kinds is None else np.flatnonzero(kinds == kinds[first])
    library = given[allowed]
    counts = np.zeros(len(given), dtype=np.int64)
    counts[first] = 1
    total = given[first].copy()
    for _ in range(picks - 1):
        best = int(np.log(total + library).sum(axis=1, dtype=np.float64).argmax())
        counts[allowed[best]] += 1
        total += library[best]
    return counts


def average(probabilities: NDArray[np.floating], picks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns [N] the average over the picks.

    Args:
        probabilities: [N, C].
        picks: [C], how often each was picked.
    """
    return np.asarray(probabilities.astype(np.float64) @ picks / picks.sum())
