"""Rows that came together: copies of one sequence are one witness, not many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.intervals import group_sums
from hpo.report.evidence import Evidence


@dataclass(frozen=True)
class Copies:
    """Test rows seen as sequences."""

    sequences: int  #: different ones
    accuracy: float  #: where every sequence counts once, whatever the number of its copies
    mistakes: int  #: rows that were called wrong
    worst_rows: int  #: rows of the sequence with most mistakes
    worst_mistakes: int  #: and how many of these were called wrong


def sampling_groups(evidence: Evidence, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Says which rows were sampled together.

    Where identical sequences are kept together, whole groups were dealt to folds and test; where they are
    spread, single rows were.
    """
    return groups if evidence.contract.splitting.duplicates == "together" else np.arange(len(groups))


def count_copies(correct: NDArray[np.bool_], identical: NDArray[np.int64]) -> Copies:
    """Looks at rows as sequences.

    Args:
        correct: [N].
        identical: [N], rows of identical sequences share an id.
    """
    sizes, right = group_sums(np.ones(len(correct)), identical), group_sums(correct, identical)
    worst = int((sizes - right).argmax())
    return Copies(
        sequences=len(sizes),
        accuracy=float((right / sizes).mean()),
        mistakes=int(np.sum(~correct)),
        worst_rows=int(sizes[worst]),
        worst_mistakes=int(sizes[worst] - right[worst]),
    )
