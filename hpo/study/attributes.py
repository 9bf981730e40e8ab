"""The attributes under which Optuna keeps what is ours, and the record of a finished fold.

Imports neither torch nor the learner, so that `hpo status` answers at once.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from hpo.errors import ContractError
from storage.trials.ledger import FOLD_PREFIX

#: Of a study.
CONTRACT = "hpo:contract"
BUDGET = "hpo:budget"
PAUSED = "hpo:paused"
_OPENING_PREFIX = "hpo:test_opening:"
_EARLIER_OPENINGS = "hpo:test_openings"  # a list of dates, as studies kept it that were made before

#: Of a trial. `fold_accuracies` is what people look at in optuna-dashboard, so it goes without the prefix.
CONFIGURATION = "hpo:config"
EPOCHS = "hpo:epochs"
FOLD_ACCURACIES = "fold_accuracies"
CHECKPOINT = "hpo:checkpoint"


def new_opening() -> str:
    """The name of an attribute that no other opening of the test set has: whoever opens at once is counted too."""
    return f"{_OPENING_PREFIX}{uuid.uuid4().hex}"


def openings_of(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """When the test set was opened: dates in ISO 8601, UTC, the earliest first.

    Args:
        attributes: A study's user attributes.
    """
    own = (date for name, date in attributes.items() if name.startswith(_OPENING_PREFIX))
    return tuple(sorted(str(date) for date in (*attributes.get(_EARLIER_OPENINGS, ()), *own)))


@dataclass(frozen=True, kw_only=True)
class FoldRecord:
    """What a trial's attribute says of a finished fold."""

    fold: int
    #: SHA-256 of the artifact.
    artifact: str
    #: Epochs trained.
    epochs: int
    #: Wall-clock seconds, of the worker that trained it or of those that did.
    seconds: float

    @property
    def attribute(self) -> str:
        """The name of the trial's user attribute."""
        return f"{FOLD_PREFIX}{self.fold}"

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """What a trial's attribute says of its checkpoint; where the bytes lie is computed (`hpo.trial.checkpoints`)."""

    fold: int
    #: Epochs trained so far.
    epochs: int
    #: Wall-clock seconds so far, of all workers that trained the fold.
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


_RECORD = TypeAdapter(FoldRecord)
_CHECKPOINT = TypeAdapter(CheckpointRecord)


def finished_folds(attributes: Mapping[str, Any], folds: int) -> list[FoldRecord]:
    """The records of folds 0, 1, ... up to the first one missing.

    Args:
        attributes: A trial's user attributes.
        folds: K.

    Raises:
        ContractError: A record is damaged.
    """
    records = []
    for fold in range(folds):
        stored = attributes.get(f"{FOLD_PREFIX}{fold}")
        if stored is None:
            break
        try:
            records.append(_RECORD.validate_python(stored))
        except ValidationError as error:
            raise ContractError(f"The record of fold {fold} is damaged: {error.errors()[0]['msg']}.") from error
    return records


def fold_accuracies(attributes: Mapping[str, Any]) -> tuple[float, ...]:
    """Reads the accuracies of a trial's finished folds; nothing where it tells something else.

    Args:
        attributes: A trial's user attributes.
    """
    told = attributes.get(FOLD_ACCURACIES, [])
    are_accuracies = isinstance(told, list) and all(isinstance(one, int | float) and 0 <= one <= 1 for one in told)
    return tuple(told) if are_accuracies else ()


def checkpoint_of(attributes: Mapping[str, Any]) -> CheckpointRecord | None:
    """The record of a trial's checkpoint; None where it has none, or a damaged one, which nothing depends on.

    Args:
        attributes: A trial's user attributes.
    """
    try:
        return _CHECKPOINT.validate_python(attributes.get(CHECKPOINT))
    except ValidationError:
        return None
