"""Memory that is kept from one training step to the next. Imports no torch, so that whoever starts workers can ask.

glibc hands large blocks back to the system after every step and asks for them again, page by page, in the next:
training then takes up to twice the time.
"""

import ctypes
import functools
import logging
import os
import platform

_log = logging.getLogger(__name__)

#: Thresholds (bytes) that keep large blocks. glibc reads them when a process starts: they belong into its environment.
ALLOCATOR_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
#: What to tell a user whose process was started without them and cannot be set from inside.
ALLOCATOR_REMEDY = "start Python with " + " ".join(f"{name}={value}" for name, value in ALLOCATOR_ENVIRONMENT.items())

# In a running process: each one's parameter of mallopt (numbers from glibc's malloc.h), and its value.
_MALLOPT = {
    "MALLOC_MMAP_THRESHOLD_": (-4, 0),  # M_MMAP_MAX
    "MALLOC_TRIM_THRESHOLD_": (-1, (2 << 30) - 1),  # M_TRIM_THRESHOLD
    "MALLOC_TOP_PAD_": (-2, 64 << 20),  # M_TOP_PAD
}


@functools.cache
def keep_memory() -> bool:
    """Makes this process's allocator keep large blocks, as far as the environment does not say otherwise.

    Returns:
        Whether all is set, by the environment or from here; a warning names the remedy otherwise.
    """
    kept = allocator_environment_is_set() or _set_from_inside()
    if not kept:
        _log.warning("Training is slower than it could be: %s", ALLOCATOR_REMEDY)
    return kept


def allocator_environment_is_set() -> bool:
    """Says whether the environment decides about the allocator, whoever set it: a user's own values stand.

    True as well where another allocator was preloaded, or where no glibc is there to be set.
    """
    if platform.libc_ver()[0] != "glibc" or "jemalloc" in os.environ.get("LD_PRELOAD", ""):
        return True
    return all(name in os.environ for name in ALLOCATOR_ENVIRONMENT)


def _set_from_inside() -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    unset = [setting for name, setting in _MALLOPT.items() if name not in os.environ]
    return all(mallopt(parameter, value) == 1 for parameter, value in unset)
