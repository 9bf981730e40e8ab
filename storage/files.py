"""Files of the storage room: read only where they are regular, written whole or not at all, with the user's umask."""

import contextlib
import errno
import os
import stat
import uuid
from pathlib import Path


def read_regular(path: Path, most_bytes: int | None = None) -> bytes:
    """Reads a regular file: a named pipe would make us wait for ever, and a device never ends.

    Args:
        path: The file.
        most_bytes: A longer file is an error; None for any length.

    Raises:
        OSError: It cannot be read, is no regular file, or is longer.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, f"'{path.name}' is no regular file")
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        data = file.read() if most_bytes is None else file.read(most_bytes + 1)
    if most_bytes is not None and len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"'{path.name}' is longer than {most_bytes:,} bytes")
    return data


def write_whole(path: Path, data: bytes) -> None:
    """Writes beside the target, syncs, and renames over it; its rights are those that the user's umask leaves.

    Args:
        path: The file, in a folder that is there.
        data: Its bytes.

    Raises:
        OSError: It cannot be written; then nothing has changed.
    """
    # Not tempfile's: those are for their owner only, and a mode that is set later would not be the umask's.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        raise
