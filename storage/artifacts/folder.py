"""Blobs in a folder, local or shared.

A file appears under its name whole: written beside it, synced, renamed. A crash leaves at most a `.part`
file.
"""

import contextlib
import errno
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from storage.errors import StorageError


@dataclass(frozen=True)
class FolderBlobs:
    """Blobs as files under one folder."""

    root: Path

    @classmethod
    def open(cls, root: Path, create: bool) -> Self:
        """Opens the folder.

        Raises:
            StorageError: It is not there and not to be made, or cannot be.
        """
        try:
            if create:
                root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The artifact folder '{root}' cannot be made: {error.strerror}.",
                "Give another place with --artifacts.",
            ) from error
        if not root.is_dir():
            raise StorageError(
                f"The artifact folder '{root}' does not exist.",
                "Give the folder that create-study was given (--artifacts); machines must share it.",
            )
        return cls(root.resolve())

    @property
    def shown(self) -> str:
        """The folder, for messages."""
        return str(self.root)

    def in_a_hurry(self, seconds: float) -> Self:
        """The folder itself: its calls are never tried again."""
        return self

    def write(self, name: str, data: bytes) -> None:
        """Stores all bytes durably, or nothing.

        Raises:
            StorageError: The folder is full or cannot be written.
        """
        path = self.root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, data)
        except OSError as error:
            raise StorageError(
                f"The artifact folder '{self.root}' cannot be written: {error.strerror}.",
                "Make room or mend its rights, then start again; nothing that was finished is lost.",
            ) from error

    def read(self, name: str) -> bytes:
        """Returns the bytes; KeyError where there are none."""
        try:
            return _read_regular(self.root / name)
        except FileNotFoundError as error:
            raise KeyError(name) from error
        except OSError as error:
            raise StorageError(
                f"The artifact folder '{self.root}' cannot be read: {error.strerror}.", "Mend its rights."
            ) from error

    def exists(self, name: str) -> bool:
        """Says whether there is such a file."""
        try:
            return (self.root / name).is_file()
        except OSError as error:
            raise StorageError(
                f"The artifact folder '{self.root}' cannot be read: {error.strerror}.", "Mend its rights."
            ) from error

    def remove(self, name: str) -> None:
        """Removes the file; KeyError where there is none."""
        try:
            (self.root / name).unlink()
        except FileNotFoundError as error:
            raise KeyError(name) from error
        except OSError as error:
            raise StorageError(
                f"The artifact folder '{self.root}' cannot be written: {error.strerror}.", "Mend its rights."
            ) from error


def _read_regular(path: Path) -> bytes:
    """Reads a regular file: a named pipe would make us wait for ever, and a device never ends."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, f"'{path.name}' is no regular file")
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        return file.read()


def _write_whole(path: Path, data: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner only; other users' workers and the dashboard read them too.
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(part).unlink()
        raise
    for folder in (path.parent, path.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """The rename itself survives a power cut only once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
