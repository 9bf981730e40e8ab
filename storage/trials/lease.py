"""The lease under which a worker holds a trial, and the deaths of those that held it before, as values.

Both are user attributes of the trial, so they work through every storage. `token` is new with every claim; it, not the
worker's name, says whose the trial is.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Self

from optuna.trial import FrozenTrial
from pydantic import AfterValidator, Field, OnErrorOmit, TypeAdapter, ValidationError

from storage.errors import LeaseLostError

LEASE = "hpo:lease"
DEATHS = "hpo:deaths"
REASON = "hpo:reason"

#: What a database may tell of a worker: it is written to logs and terminals, so it is one short line.
Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
#: Characters of the JSON of a lease, each of whose texts may be escaped; one that is longer is none.
_LONGEST = 20_000
#: Any count that fits into 64 bits.
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
#: Seconds since 1970, up to the year 9999.
Moment = Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False)]

#: Of anything a second.
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class WorkerIdentity:
    """Who works.

    Attributes:
        worker: A name that no other process has, now or later.
        host: The machine's name.
        pid: The process on that machine.
        device: Where it trains, such as cpu or cuda:0.
    """

    worker: Line
    host: Line
    pid: Count
    device: Line


@dataclass(frozen=True, kw_only=True)
class At:
    """What a worker is at, for people.

    Attributes:
        fold: The fold in work, or None before the first.
        epochs: Epochs of it that are trained.
        rows_per_s: Training rows a second in the last of them; None before the first.
    """

    fold: Count | None = None
    epochs: Count = 0
    rows_per_s: Rate | None = None


@dataclass(frozen=True, kw_only=True)
class Lease(At, WorkerIdentity):
    """A worker's hold on one trial.

    Attributes:
        token: New with every claim.
        beat: Counts the renewals; the claim itself is beat 0.
        renewed_at: Wall-clock time of the last beat in seconds since 1970; for people only, never compared.
    """

    token: Line
    beat: Count = 0
    renewed_at: Moment = 0.0

    @property
    def identity(self) -> WorkerIdentity:
        """Who holds it."""
        return WorkerIdentity(worker=self.worker, host=self.host, pid=self.pid, device=self.device)

    @property
    def at(self) -> At:
        """What its worker was at with the last beat."""
        return At(fold=self.fold, epochs=self.epochs, rows_per_s=self.rows_per_s)


@dataclass(frozen=True, kw_only=True)
class Death:
    """A worker that died holding a trial.

    Attributes:
        worker: Its name.
        when: When it was noticed: ISO 8601, UTC.
        fold: The fold it had in work, or None before the first.
        token: Of its lease.
        how: How it died, in words; studies made long ago do not say.
    """

    worker: Line
    when: Line
    fold: Count | None
    token: Line
    how: Line = ""


@dataclass(frozen=True)
class Claim:
    """A trial that was claimed, by the lease it is held under."""

    trial_id: int
    number: int
    lease: Lease


@dataclass(frozen=True)
class StoredLease:
    """What stands as a trial's lease, letter by letter: readable or not, it tells whether anything has changed.

    Attributes:
        text: JSON; None where nothing stands there.
    """

    text: str | None

    @classmethod
    def of(cls, text: str | None) -> Self:
        """Returns what stands there; of what is far too long for a lease, no more than tells it from another."""
        if text is None or len(text) <= _LONGEST:
            return cls(text)
        return cls(f"{len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()}")

    @property
    def lease(self) -> Lease | None:
        """The lease; None where there is none, or none that can be read: nobody holds such a trial."""
        with suppress(ValidationError):
            return None if self.text is None else _LEASE.validate_json(self.text)
        return None

    @property
    def is_unreadable(self) -> bool:
        """Whether something stands there that is no lease."""
        return self.text not in (None, "null") and self.lease is None


_LEASE = TypeAdapter(Lease)
_DEATHS = TypeAdapter(list[OnErrorOmit[Death]])
_WRITABLE: dict[str, TypeAdapter[Any]] = {LEASE: TypeAdapter(Lease | None), DEATHS: TypeAdapter(list[Death] | None)}


def _readable(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _WRITABLE.keys() & attributes.keys():
        try:
            _WRITABLE[name].validate_python(attributes[name])
        except ValidationError as error:
            raise ValueError(f"what is to stand as {name} cannot be read as such") from error
    return attributes


#: User attributes of a trial as others may ask for them to be written: a row each, and a lease is one that can be read.
TrialAttributes = Annotated[Mapping[str, Any], Field(max_length=1_000), AfterValidator(_readable)]


def lease_of(trial: FrozenTrial) -> Lease | None:
    """Returns the lease that a trial carries; None where there is none, or none that can be read."""
    with suppress(ValidationError):
        return _LEASE.validate_python(trial.user_attrs.get(LEASE))
    return None


def is_ours(trial: FrozenTrial) -> bool:
    """Says whether a trial that has ended was a worker's of ours: it keeps its last lease, readable or not."""
    return trial.user_attrs.get(LEASE) is not None


def read_deaths(text: str | None) -> list[Death]:
    """Returns the deaths that stand in a trial's attribute, as JSON; those that can be read."""
    with suppress(ValidationError):
        return [] if text is None else _DEATHS.validate_json(text)
    return []


def lost(claim: Claim) -> LeaseLostError:
    """Returns the error for a result that comes too late."""
    return LeaseLostError(
        f"Trial {claim.number} is no longer held by worker {claim.lease.worker}: it was taken for dead and "
        "the trial given to another, or somebody deleted or ended it.",
        "The late result is dropped; the worker goes on with the next trial.",
    )
