"""Reading files that somebody else may have put there: regular ones alone, and no more of them than is allowed.

A named pipe makes its reader wait for ever, a device never ends, and opening one may already do something: what is not
a regular file is refused before it is opened. Errors are OSErrors, so that whoever reads says what it was for.
"""

import errno
import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def check_regular(path: Path) -> None:
    """Looks at a file, or at what a link leads to, without opening it.

    Raises:
        OSError: It is not there, or not a regular file; `strerror` says what it is instead.
    """
    _check_mode(path.stat().st_mode, path)


def read_regular(path: Path, at_most: int) -> bytes:
    """Reads a whole regular file.

    Args:
        path: The file, or a link to it.
        at_most: Bytes that it may have.

    Raises:
        OSError: As `check_regular`, or it cannot be read, or has more bytes than allowed.
    """
    check_regular(path)
    # Not waiting: it may have become a pipe since we looked.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        _check_mode(os.fstat(file.fileno()).st_mode, path)
        data = file.read(at_most + 1)
    if len(data) > at_most:
        raise OSError(
            errno.EFBIG, f"it has more than {at_most:,} bytes, which is the most that is read here", str(path)
        )
    return data


def _check_mode(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))
