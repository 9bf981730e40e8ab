"""Bytes under names that their owner computes: for what is replaced again and again and kept for a while only.

Beside the content-addressed store and in the same place. Nothing here is meant to be found by a name that somebody
else wrote down: whoever reads, replaces or removes a name has worked it out.
"""

from contextlib import suppress

from storage.artifacts.store import ArtifactStore, sha256_of
from storage.errors import ArtifactCorruptError, ArtifactMissingError

# The bytes follow their own hash: nothing else would tell that they are damaged.
_HASH = 64


class NamedBlobs:
    """Bytes by name, whole or not at all, and checked when read.

    Args:
        store: In whose place they lie.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def write(self, name: str, data: bytes) -> None:
        """Stores the bytes in the place of those that the name had, in one step.

        Args:
            name: As `Blobs` wants it.
            data: The bytes.

        Raises:
            StorageError: They cannot be written; the name has what it had.
        """
        self._store.blobs.write(name, sha256_of(data).encode() + data)

    def read(self, name: str) -> bytes:
        """Returns the bytes of that name.

        Raises:
            ArtifactMissingError: There are none.
            ArtifactCorruptError: They are not those that were written.
        """
        try:
            stored = self._store.blobs.read(name)
        except KeyError as error:
            raise ArtifactMissingError(f"'{name}' is not at {self._store.location}.") from error
        data = stored[_HASH:]
        if stored[:_HASH] != sha256_of(data).encode():
            raise ArtifactCorruptError(f"'{name}' at {self._store.location} is damaged.")
        return data

    def remove(self, name: str) -> None:
        """Removes the bytes of that name, if there are any.

        Raises:
            StorageError: They cannot be removed.
        """
        with suppress(KeyError):
            self._store.blobs.remove(name)
