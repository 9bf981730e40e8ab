"""Leases: how a worker holds a trial, keeps holding it, and how the trials of dead workers come back."""

from storage.leases.keeper import LeaseKeeper
from storage.leases.lease import (
    DEATHS,
    LEASE,
    REASON,
    Claim,
    Lease,
    WorkerIdentity,
    lease_of,
    lost,
)
from storage.leases.stale import StaleWatch

__all__ = [
    "DEATHS",
    "LEASE",
    "REASON",
    "Claim",
    "Lease",
    "LeaseKeeper",
    "StaleWatch",
    "WorkerIdentity",
    "lease_of",
    "lost",
]
