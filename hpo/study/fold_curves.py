"""What a fold's record tells the search beside its artifact: its validation by epoch, and which rows it got right.

Thousands of trials are looked at whenever a worker is free, and their artifacts cannot be: so the record of a fold
carries, rounded, what P needs (`hpo.search.chance`), a few hundred bytes. Nothing else rests on it: where it lacks, as
in studies of earlier versions, or cannot be read, the search goes by the accuracies alone.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

#: Epochs that are told; the record of a longer fold tells none.
MOST_EPOCHS = 200
#: Rows of a fold that are told one by one; of more, how many two trials differ on hardly changes what P is.
MOST_ROWS = 2000
#: Digits behind the point: a row in ten thousand.
_DIGITS = 4
#: Nats; no network that anybody would have is farther off, and sums of such losses are numbers still.
_MOST_LOSS = 1e6

_Losses = Annotated[list[Annotated[float, Field(ge=0, le=_MOST_LOSS)]], Field(min_length=1, max_length=MOST_EPOCHS)]
_Accuracies = Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(max_length=MOST_EPOCHS)]


@dataclass(frozen=True, kw_only=True)
class FoldCurves:
    """What is told of a finished fold."""

    #: [E] mean validation loss in nats after each epoch.
    losses: _Losses
    #: [E] validation accuracy likewise.
    accuracies: _Accuracies
    #: A bit for each validated row, whether it was called right: base64; None where that is not told.
    right: Annotated[str, Field(max_length=MOST_ROWS)] | None = None

    @property
    def right_rows(self) -> int | None:
        """The bits as a number; None where they are not told, or cannot be read."""
        try:
            return None if self.right is None else int.from_bytes(base64.b64decode(self.right, validate=True), "big")
        except (binascii.Error, ValueError):
            return None


_CURVES = TypeAdapter(FoldCurves)


def told_of_fold(
    losses: Sequence[float], accuracies: Sequence[float], right: NDArray[np.bool_]
) -> dict[str, list[float] | str]:
    """Returns what a record tells, ready for JSON; nothing of a fold that is too long.

    Args:
        losses: [E] after each epoch.
        accuracies: [E] likewise.
        right: [N] of the validated rows.
    """
    if len(losses) > MOST_EPOCHS:
        return {}
    told: dict[str, list[float] | str] = {
        "losses": [round(loss, _DIGITS) for loss in losses],
        "accuracies": rounded(accuracies),
    }
    if len(right) <= MOST_ROWS:
        told["right"] = base64.b64encode(np.packbits(right).tobytes()).decode()
    return told


def rounded(accuracies: Sequence[float]) -> list[float]:
    """Returns accuracies as records tell them."""
    return [round(accuracy, _DIGITS) for accuracy in accuracies]


def fold_curves(record: object) -> FoldCurves | None:
    """What a fold's record tells; None where it tells nothing, or what cannot be read.

    Args:
        record: As the trial's attribute has it, whatever that is.
    """
    if not isinstance(record, Mapping):
        return None
    told: dict[str, Any] = {name: record.get(name) for name in ("losses", "accuracies", "right")}
    try:
        curves = _CURVES.validate_python(told)
    except ValidationError:
        return None
    return curves if len(curves.losses) == len(curves.accuracies) else None
