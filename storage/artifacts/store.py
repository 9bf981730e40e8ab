"""The artifact store: content-addressed, checked when read.

What it writes to is a `Blobs`: names to bytes, each write whole or not at all (`folder.py`, `s3.py`).
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from storage.artifacts.entry import Entry
from storage.artifacts.folder import FolderBlobs
from storage.errors import ArtifactCorruptError, ArtifactMissingError, StorageError
from storage.retry import RetryPolicy
from storage.secrets import remember
from storage.url import parse_url, redact

DEFAULT_FOLDER = "hpo-artifacts"


class Blobs(Protocol):
    """Names to bytes. A name has parts separated by '/', of letters, digits, '-', '_' and '.'."""

    @property
    def shown(self) -> str:
        """The place without secrets, for messages."""

    def in_a_hurry(self, seconds: float) -> Self:
        """The same place; a call that fails is tried again for so many seconds, where it is tried again at all."""

    def write(self, name: str, data: bytes) -> None:
        """Stores all bytes durably, or nothing; replaces what was there."""

    def read(self, name: str) -> bytes:
        """Returns the bytes; KeyError where there are none."""

    def exists(self, name: str) -> bool:
        """Says whether there are bytes under the name."""

    def remove(self, name: str) -> None:
        """Removes the bytes; KeyError where there are none."""

    def entry(self, name: str) -> Entry:
        """Returns size and time of the bytes; KeyError where there are none."""

    def entries(self) -> Iterator[Entry]:
        """Lists all that lies in the place, whoever wrote it."""


class ArtifactStore:
    """Bytes under their own hash. Bytes first, record after: whoever has the hash can read.

    Args:
        blobs: Where they lie.
    """

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.location = blobs.shown

    def in_a_hurry(self, seconds: float) -> "ArtifactStore":
        """Returns the same store for calls that cannot wait.

        Args:
            seconds: For so long a call to a place that does not answer is tried again.
        """
        return ArtifactStore(self.blobs.in_a_hurry(seconds))

    def put(self, data: bytes) -> str:
        """Stores the bytes, durable when this returns.

        Returns:
            Their SHA-256 in hexadecimal.
        """
        sha256 = sha256_of(data)
        # Also where they are there already: they may be damaged, and what somebody is about to name must not look old
        # to `hpo delete`.
        self.blobs.write(blob_name(sha256), data)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Returns the bytes of that hash.

        Raises:
            ArtifactMissingError: There are none.
            ArtifactCorruptError: The bytes there have another hash.
        """
        try:
            data = self.blobs.read(blob_name(sha256))
        except KeyError as error:
            raise ArtifactMissingError(
                f"The artifact {sha256[:12]} is not at {self.location}.",
                "Give every worker the location that create-study was given (--artifacts).",
            ) from error
        found = sha256_of(data)
        if found != sha256:
            raise ArtifactCorruptError(
                f"The artifact {sha256[:12]} at {self.location} is damaged: its hash is {found[:12]}.",
                "Remove it and make it again, or restore it from a copy.",
            )
        return data

    def remove(self, sha256: str) -> None:
        """Removes the bytes of that hash, if there are any.

        Raises:
            StorageError: They cannot be removed.
        """
        with suppress(KeyError):
            self.blobs.remove(blob_name(sha256))

    def exists(self, sha256: str) -> bool:
        """Says whether the bytes are there; does not read them."""
        return self.blobs.exists(blob_name(sha256))


def sha256_of(data: bytes) -> str:
    """Returns the name under which these bytes are kept: their SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def open_artifacts(location: str, create: bool = False, opening: RetryPolicy | None = None) -> ArtifactStore:
    """Opens the artifact location.

    Args:
        location: A folder, or `s3://bucket/prefix`.
        create: Makes a folder that is not there. (A bucket is never made.)
        opening: How long S3 may take to answer for the first time; about ten seconds by default.

    Raises:
        StorageError: No such folder or bucket, or it cannot be used.
    """
    return ArtifactStore(open_blobs(location, create, opening))


def open_blobs(location: str, create: bool = False, opening: RetryPolicy | None = None) -> Blobs:
    """Opens the place under an artifact location; arguments and errors as `open_artifacts`."""
    if ":" in location:  # else a folder
        remember(location)
    if location.startswith("s3://"):
        return _open_s3(location, opening)
    if "://" in location:
        raise StorageError(
            f"The artifact location '{redact(location)}' is neither a folder nor in S3.",
            "Give a folder, or s3://bucket/prefix.",
        )
    return FolderBlobs.open(Path(location), create)


def _open_s3(location: str, opening: RetryPolicy | None) -> Blobs:
    try:
        from storage.artifacts.s3 import S3Blobs  # boto3 is an extra, and slow to import
    except ImportError as error:
        raise StorageError(
            "Artifacts in S3 need boto3, which is not installed.", 'Install it with: pip install "hpo[s3]"'
        ) from error
    return S3Blobs.open(location, opening)


def default_artifact_location(storage_url: str) -> str:
    """Returns where artifacts lie when nobody says: beside the SQLite file, else in the current folder.

    The latter as a whole path: other machines, which have another folder, must be told it.
    """
    path = parse_url(storage_url).path
    return str(path.parent / DEFAULT_FOLDER if path is not None else Path.cwd() / DEFAULT_FOLDER)


def blob_name(sha256: str) -> str:
    """Returns the name of the blob that holds these bytes: two levels of folders keep each of them small.

    Raises:
        ArtifactMissingError: It is no SHA-256 in hexadecimal.
    """
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ArtifactMissingError(f"'{sha256[:80]}' is not a SHA-256 in hexadecimal.")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
