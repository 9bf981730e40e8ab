"""The lease under which a worker holds a trial, as a value.

It is a user attribute of the trial, so it works through every storage. `token` is new with every claim; it,
not the worker's name, says whose the trial is.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from optuna.trial import FrozenTrial

from storage.errors import LeaseLostError

LEASE = "hpo:lease"
DEATHS = "hpo:deaths"
REASON = "hpo:reason"


@dataclass(frozen=True, kw_only=True)
class WorkerIdentity:
    """Who works.

    Attributes:
        worker: A name that no other process has, now or later.
        host: The machine's name.
        pid: The process on that machine.
        device: Where it trains, such as cpu or cuda:0.
    """

    worker: str
    host: str
    pid: int
    device: str


@dataclass(frozen=True, kw_only=True)
class Lease(WorkerIdentity):
    """A worker's hold on one trial.

    Attributes:
        token: New with every claim.
        beat: Counts the renewals; the claim itself is beat 0.
        fold: The fold in work, or None before the first.
        renewed_at: Wall-clock time of the last beat in seconds since 1970; for people only, never compared.
    """

    token: str
    beat: int = 0
    fold: int | None = None
    renewed_at: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Returns the value of the trial's attribute."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Reads the value of the trial's attribute."""
        return cls(**value)


@dataclass(frozen=True)
class Claim:
    """A trial that was claimed, by the lease it is held under."""

    trial_id: int
    number: int
    lease: Lease


def lease_of(trial: FrozenTrial) -> Lease | None:
    """Returns the lease that a trial carries, if any."""
    value = trial.user_attrs.get(LEASE)
    return None if value is None else Lease.from_json(value)


def lost(claim: Claim) -> LeaseLostError:
    """The error for a result that comes too late."""
    return LeaseLostError(
        f"Trial {claim.number} is no longer held by worker {claim.lease.worker}: it was taken for dead, and "
        "the trial was given to another.",
        "The late result is dropped; the worker goes on with the next trial.",
    )
