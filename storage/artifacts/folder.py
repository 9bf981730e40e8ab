"""Blobs in a folder, local or shared.

A file appears under its name whole: written beside it, synced, renamed. A crash leaves at most a `.part`
file.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from storage.artifacts.entry import Entry
from storage.errors import StorageError
from storage.files import read_regular, write_whole


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
            _write_durably(path, data)
        except OSError as error:
            raise StorageError(
                f"The artifact folder '{self.root}' cannot be written: {error.strerror}.",
                "Make room or mend its rights, then start again; nothing that was finished is lost.",
            ) from error

    def read(self, name: str) -> bytes:
        """Returns the bytes; KeyError where there are none."""
        try:
            return read_regular(self.root / name)
        except FileNotFoundError as error:
            raise KeyError(name) from error
        except OSError as error:
            raise self._unreadable(error) from error

    def exists(self, name: str) -> bool:
        """Says whether there is such a file."""
        try:
            return (self.root / name).is_file()
        except OSError as error:
            raise self._unreadable(error) from error

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

    def entry(self, name: str) -> Entry:
        """Returns what is known of a file; KeyError where there is none."""
        try:
            found = (self.root / name).lstat()
        except FileNotFoundError as error:
            raise KeyError(name) from error
        except OSError as error:
            raise self._unreadable(error) from error
        if not stat.S_ISREG(found.st_mode):
            raise KeyError(name)
        return Entry(name=name, size=found.st_size, modified=found.st_mtime)

    def entries(self) -> Iterator[Entry]:
        """Lists all files; what is no regular file is passed over, and no link is followed."""

        def refuse(error: OSError) -> None:
            # A part that cannot be read is no empty part.
            raise self._unreadable(error) from error

        for folder, _, files in os.walk(self.root, onerror=refuse):
            for file in files:
                with suppress(KeyError):  # removed since it was listed
                    yield self.entry(Path(folder, file).relative_to(self.root).as_posix())

    def _unreadable(self, error: OSError) -> StorageError:
        return StorageError(f"The artifact folder '{self.root}' cannot be read: {error.strerror}.", "Mend its rights.")


def _write_durably(path: Path, data: bytes) -> None:
    write_whole(path, data)
    for folder in (path.parent, path.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """The rename itself survives a power cut only once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
