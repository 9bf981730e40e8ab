"""What a label may look like, and which rows are resistant."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from model.choices import Intermediate
from model.errors import DataError

RESISTANT = ("1", "1.0", "true", "r", "resistant")
SUSCEPTIBLE = ("0", "0.0", "false", "s", "susceptible")
INTERMEDIATE = ("i", "intermediate")
_MISSING = ("", "nan", "na", "n/a", "none", "null")
_LONGEST = 60

LABEL_WORDS = frozenset(RESISTANT + SUSCEPTIBLE + INTERMEDIATE)
_ALLOWED = "booleans, 1/0, R/S, resistant/susceptible"


def parse_labels(
    values: Sequence[object], intermediate: Intermediate | None = None, rows: Sequence[int] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Reads labels.

    Args:
        values: One per row: booleans, numbers, words or None. Length N.
        intermediate: What rows labelled I or intermediate become; None where there must not be any.
        rows: Their numbers in the file, for messages; from 1 where nothing was dropped.

    Returns:
        [N] True = resistant, and [N] True = the row is kept (intermediate ones may be dropped).

    Raises:
        DataError: A label is missing or is none of the words, or intermediate without a choice. Names the row.
    """
    if intermediate not in (None, *get_args(Intermediate)):
        raise DataError(
            f"The choice {intermediate!r} for intermediate results is unknown.",
            f"Allowed (--intermediate): {', '.join(get_args(Intermediate))}.",
        )
    words = [str(value).strip().lower() for value in values]
    meaning = dict.fromkeys(RESISTANT, True) | dict.fromkeys(SUSCEPTIBLE, False)
    if intermediate is not None:
        meaning |= dict.fromkeys(INTERMEDIATE, intermediate == "resistant")
    for row, word, value in zip(rows or range(1, len(words) + 1), words, values, strict=True):
        if word not in meaning:
            raise _refusal(row, word, value)
    dropped = INTERMEDIATE if intermediate == "drop" else ()
    labels = np.array([meaning[word] for word in words], dtype=np.bool_)
    return labels, np.array([word not in dropped for word in words], dtype=np.bool_)


def _refusal(row: int, word: str, value: object) -> DataError:
    if word in INTERMEDIATE:
        return DataError(
            f"Row {row}: the label {str(value).strip()!r} is an intermediate result.",
            "Choose with --intermediate resistant, --intermediate susceptible or --intermediate drop.",
        )
    if word in _MISSING:
        return DataError(f"Row {row}: the label is missing.", f"Remove the row, or fill in its label ({_ALLOWED}).")
    shown = repr(value) if len(word) <= _LONGEST else repr(str(value)[:_LONGEST] + "...")
    return DataError(
        f"Row {row}: the label {shown} is not known. Allowed: {_ALLOWED}, and I/intermediate with --intermediate.",
        "Correct the label, or choose another column with --label-column.",
    )
