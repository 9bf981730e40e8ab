"""How much memory reading a file may take: one limit, kept by all that unpacks, whatever the format.

A small file may hold an endless one. What is really in a file may be read whatever its size: the limit grows with the
file, and `--memory` sets it. It holds for the file that is being read, and is looked up where something is unpacked
rather than handed through every reader of a format.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from model.errors import DataError

#: Bytes of memory that any file may take.
DEFAULT = 8 * 2**30
#: Bytes of memory that a byte of text takes until it is a gene: the file's, the table's, Python's, and the cleaned one.
TIMES = 4
#: Bytes of memory that a container or a mark of a pickle may take.
_PART = 400
_GIB = 2**30
_ALLOWED: ContextVar[int] = ContextVar("memory", default=DEFAULT)


def allowed() -> int:
    """Returns the bytes of memory that reading may take."""
    return _ALLOWED.get()


def content_allowed() -> int:
    """Returns the bytes that may be unpacked of a file, or of a column whose texts repeat."""
    return allowed() // TIMES


def values_allowed() -> int:
    """Returns the bytes that a pickle's values may take: they are Python's already, and copied once."""
    return allowed() // 2


def parts_allowed() -> int:
    """Returns how many containers and marks a pickle may make."""
    return allowed() // _PART


@contextmanager
def reading_within(memory: int | None, *paths: Path) -> Iterator[None]:
    """Sets the limit for what is read inside.

    Args:
        memory: Bytes; None takes the default, or what the files' own bytes need where that is more.
        paths: The files that are read.

    Raises:
        DataError: A file is larger as it is than `memory` allows.
    """
    sizes = {path: path.stat().st_size for path in paths if path.is_file()}
    for path, size in sizes.items():
        if memory is not None and size > memory // TIMES:
            raise too_large(size, f"{path} has {size:,} bytes.", memory)
    token = _ALLOWED.set(memory or max(DEFAULT, TIMES * max(sizes.values(), default=0)))
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def check_content(size: int, what: str) -> None:
    """Refuses what a small file makes large.

    Args:
        size: Of what would be unpacked, in bytes.
        what: What that is.

    Raises:
        DataError: It is more than the limit.
    """
    if size > content_allowed():
        raise too_large(size, f"Unpacked, {what} has {size:,} bytes.", allowed())


def too_large(size: int, what: str, memory: int, known: bool = True) -> DataError:
    """Returns the error that says what would need how much.

    Args:
        size: Bytes of content.
        what: The sentence that names them.
        memory: Bytes of memory that are allowed.
        known: Whether that is all of it; else there is more, nobody knows how much.
    """
    needed = TIMES * size
    step = (
        f"--memory {-(-needed // _GIB)}GiB lets it in."
        if known
        else f"--memory {-(-2 * memory // _GIB)}GiB allows more."
    )
    return DataError(
        f"{what} Reading takes {'some' if known else 'more than'} {needed:,} bytes of memory; {memory:,} are allowed.",
        f"If this file is as it should be and the machine has the memory, {step}",
    )
