"""Who trains a fold ahead of the worker that holds its trial, or did: a hint that stands in the trial, and no lease.

One attribute for each fold. It says first who is at the fold, then where its result lies; nobody must believe it. What
a fold comes to is the same whoever trains it (`hpo.trial.ahead`), so a hint that is lost, late or wrong costs time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from hpo.choices import MOST
from storage.trials.lease import Line, Moment, WorkerIdentity
from storage.trials.ledger import AHEAD_PREFIX


@dataclass(frozen=True, kw_only=True)
class Hint(WorkerIdentity):
    """A fold that is trained ahead."""

    #: New with every help, so that no two are alike; that of the lease where who holds the trial trains ahead.
    token: Line
    #: Fingerprint of the configuration that is trained (`hpo.trial.twins`).
    training: Line
    #: Counts the renewals.
    beat: Annotated[int, Field(ge=0, le=MOST)] = 0
    #: Wall-clock time of the last of them, in seconds since 1970; for people only, never compared.
    renewed_at: Moment
    #: Epochs that are trained.
    epochs: Annotated[int, Field(ge=0, le=MOST)] = 0
    #: SHA-256 of the result; None while the fold is at work.
    artifact: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    #: Wall-clock seconds that it took.
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def is_done(self) -> bool:
        """Whether the fold is trained."""
        return self.artifact is not None

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


_HINT = TypeAdapter(Hint)


def stands_for(attributes: Mapping[str, Any], fold: int) -> Any:
    """What stands of a help with a fold, whatever it is; None where nothing does.

    Args:
        attributes: A trial's user attributes.
        fold: From 0.
    """
    return attributes.get(f"{AHEAD_PREFIX}{fold}")


def hint_of(attributes: Mapping[str, Any], fold: int) -> Hint | None:
    """Reads it as `read_hint`; arguments as `stands_for`."""
    return read_hint(stands_for(attributes, fold))


def read_hint(stands: object) -> Hint | None:
    """Reads what stands of a fold that is trained ahead; None where nothing does, or nothing that can be read."""
    try:
        return _HINT.validate_python(stands)
    except ValidationError:
        return None


def stored_hint(text: str) -> Hint | None:
    """Reads it as the database holds it; None where it cannot be read."""
    try:
        return _HINT.validate_json(text)
    except ValidationError:
        return None
