"""The CPU cores that a scheduler or a container leaves to this process. Imports no torch."""

import os
from pathlib import Path

#: Where the system says how much CPU time this process's container may take.
CGROUP = Path("/sys/fs/cgroup")
#: Limit and period in microseconds, from cgroup v2 in one file and from v1 in two.
_FILES = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Counts the CPU cores that this process may use.

    Args:
        cgroup: A container's limit is read here; part of a core counts as one.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [limit for names in _FILES if (limit := _limit(cgroup, names)) is not None]
    return min([cores, *limits])


def _limit(cgroup: Path, names: tuple[str, ...]) -> int | None:
    """Cores' worth of CPU time; None where there is no limit or no such files."""
    try:
        quota_us, period_us = (int(word) for name in names for word in (cgroup / name).read_text().split())
    except (OSError, ValueError):  # without a limit, v2 says "max" and v1 -1
        return None
    return -(-quota_us // period_us) if quota_us > 0 and period_us > 0 else None
