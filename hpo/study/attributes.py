"""The attributes under which Optuna keeps what is ours, and the record of a finished fold.

Imports neither torch nor the learner, so that `hpo status` answers at once.
"""

import math
import re
import shlex
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, cast

from pydantic import Field, TypeAdapter, ValidationError

from hpo.choices import MOST
from hpo.errors import ContractError
from hpo.study.fold_curves import MOST_EPOCHS
from model.configuration import LearnerConfig
from model.errors import DataError
from storage.trials import ledger
from storage.trials.ledger import FOLD_PREFIX

#: Of a study.
CONTRACT = "hpo:contract"
BUDGET = "hpo:budget"
PAUSED = "hpo:paused"
NOTE = "hpo:note"
_OPENING_PREFIX = "hpo:test_opening:"
_EARLIER_OPENINGS = "hpo:test_openings"  # a list of dates, as studies kept it that were made before

#: Of a trial. `fold_accuracies` is what people look at in optuna-dashboard, so it goes without the prefix.
CONFIGURATION = ledger.CONFIG_KEY
PARKED = ledger.PARKED
#: Fingerprint of what the configuration comes to (`hpo.trial.twins`), and the trial whose folds were taken over.
TRAINING = "hpo:training"
TWIN = "hpo:twin"
EPOCHS = "hpo:epochs"
#: In the record of a fold that was trained ahead: the worker that did.
TRAINED_BY = "by"
FOLD_ACCURACIES = "fold_accuracies"
CHECKPOINT = "hpo:checkpoint"


def read_orders(attributes: Mapping[str, Any], study: str) -> tuple[int, bool]:
    """Returns a study's budget, and whether it is paused.

    Args:
        attributes: Of the study, these two at least.
        study: Its name, for messages.

    Raises:
        ContractError: One of them is nothing that workers could follow.
    """
    budget, paused = attributes.get(BUDGET), attributes.get(PAUSED, False)
    if type(budget) is not int or not 1 <= budget <= MOST:
        raise ContractError(
            f"The budget of study {study!r} is {str(budget)[:80]!r}; allowed are whole numbers from 1 to {MOST:,}.",
            f"Set it anew: hpo extend --study {shlex.quote(study)} --trials N",
        )
    if type(paused) is not bool:
        raise ContractError(
            f"Whether study {study!r} is paused cannot be read: {str(paused)[:80]!r}; allowed are true and false.",
            f"Set it anew: hpo pause or hpo resume, with --study {shlex.quote(study)}",
        )
    return budget, paused


def note_of(attributes: Mapping[str, Any]) -> str | None:
    """Reads the id of the note that a study left among its artifacts; None where it left none, as earlier versions did.

    Args:
        attributes: A study's user attributes.
    """
    told = attributes.get(NOTE)
    return told if isinstance(told, str) and re.fullmatch("[0-9a-f]{32}", told) else None


def new_opening() -> str:
    """The name of an attribute that no other opening of the test set has: whoever opens at once is counted too."""
    return f"{_OPENING_PREFIX}{uuid.uuid4().hex}"


def openings_of(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """When the test set was opened: dates in ISO 8601, UTC, the earliest first.

    Args:
        attributes: A study's user attributes.
    """
    own = (date for name, date in attributes.items() if name.startswith(_OPENING_PREFIX))
    earlier = attributes.get(_EARLIER_OPENINGS, ())
    # Whatever it is, somebody wrote it for an opening: one too many is told, never one too few.
    dates = earlier if isinstance(earlier, list | tuple) else [earlier]
    return tuple(sorted(str(date) for date in (*dates, *own)))


@dataclass(frozen=True, kw_only=True)
class FoldRecord:
    """What a trial's attribute says of a finished fold."""

    fold: int
    #: SHA-256 of the artifact.
    artifact: str
    #: Epochs trained.
    epochs: Annotated[int, Field(ge=1, le=MOST)]
    #: Wall-clock seconds, of the worker that trained it or of those that did.
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]

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
    #: Validation accuracy after each of them, rounded; empty where there are many, as records of earlier versions are.
    accuracies: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(max_length=MOST_EPOCHS)] = field(
        default_factory=list
    )

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


_RECORD = TypeAdapter(FoldRecord)
_CHECKPOINT = TypeAdapter(CheckpointRecord)


def fold_record(attributes: Mapping[str, Any], fold: int) -> FoldRecord | None:
    """The record of a finished fold; None where there is none, or one that cannot be read: the fold is trained anew.

    Args:
        attributes: A trial's user attributes.
        fold: From 0.
    """
    try:
        record = _RECORD.validate_python(attributes.get(f"{FOLD_PREFIX}{fold}"))
    except ValidationError:
        return None
    return record if record.fold == fold else None


def stored_fold(text: str) -> FoldRecord | None:
    """Reads the record of a finished fold as the database holds it; None where it cannot be read."""
    try:
        return _RECORD.validate_json(text)
    except ValidationError:
        return None


def finished_folds(attributes: Mapping[str, Any], folds: int) -> list[FoldRecord]:
    """The records of folds 0, 1, ... up to the first one that is missing or cannot be read.

    Args:
        attributes: A trial's user attributes.
        folds: K.
    """
    records: list[FoldRecord] = []
    while len(records) < folds and (record := fold_record(attributes, len(records))) is not None:
        records.append(record)
    return records


def fold_accuracies(attributes: Mapping[str, Any]) -> tuple[float, ...]:
    """Reads the accuracies of a trial's finished folds; nothing where it tells something else.

    Args:
        attributes: A trial's user attributes.
    """
    told = attributes.get(FOLD_ACCURACIES, [])
    are_accuracies = isinstance(told, list) and all(isinstance(one, int | float) and 0 <= one <= 1 for one in told)
    return tuple(told) if are_accuracies else ()


def configuration(attributes: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Reads a trial's configuration, unchecked but for what JSON and people can be shown; nothing where it has none.

    Args:
        attributes: A trial's user attributes.
    """
    told = attributes.get(CONFIGURATION)
    if not isinstance(told, Mapping):
        return {}
    return {
        name: value
        for name, value in told.items()
        if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    }


def learner_config(attributes: Mapping[str, Any]) -> LearnerConfig | None:
    """Reads a trial's configuration; None where it has none that the learner takes.

    Args:
        attributes: A trial's user attributes.
    """
    try:
        # A study made before a name came has its default.
        return LearnerConfig(**cast(dict[str, Any], configuration(attributes)))
    except (TypeError, DataError):
        return None


def checkpoint_of(attributes: Mapping[str, Any]) -> CheckpointRecord | None:
    """The record of a trial's checkpoint; None where it has none, or a damaged one, which nothing depends on.

    Args:
        attributes: A trial's user attributes.
    """
    try:
        return _CHECKPOINT.validate_python(attributes.get(CHECKPOINT))
    except ValidationError:
        return None
