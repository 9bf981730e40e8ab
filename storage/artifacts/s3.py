"""Blobs in an S3 bucket, or in anything that speaks its protocol.

Credentials and region come from the usual places (environment, profile, instance role), the endpoint of other
servers from `AWS_ENDPOINT_URL`. S3 shows an object whole or not at all, and answers after it is durable, so a call
whose answer was lost may be sent again: it is, as those to a database are (`storage.retry`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from storage import retry
from storage.artifacts.entry import Entry
from storage.errors import StorageError, StorageUnavailableError
from storage.retry import RetryPolicy
from storage.url import redact

T = TypeVar("T")

#: Of one process.
MOST_CONNECTIONS = 32

_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
# Refusals that ask for patience; so does every answer of the 500s.
_PASSING = {"429", "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"}
_OF_THE_NETWORK = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    HTTPError,  # while a body is read
)
_CHECK = "Check AWS_ENDPOINT_URL, AWS_DEFAULT_REGION and the credentials."


@dataclass(frozen=True)
class S3Blobs:
    """Blobs as objects under one prefix of a bucket.

    Any method raises StorageUnavailableError where S3 refuses, or does not answer until the policy's deadline.
    """

    client: Any
    bucket: str
    prefix: str
    policy: RetryPolicy

    @classmethod
    def open(cls, location: str, opening: RetryPolicy | None = None, policy: RetryPolicy | None = None) -> Self:
        """Opens `s3://bucket/prefix`.

        Args:
            location: The bucket and what all names begin with.
            opening: How long it may take until S3 answers for the first time; about ten seconds by default.
            policy: How long a later call that fails is tried again.

        Raises:
            StorageError: No bucket is named, or it is not there.
            StorageUnavailableError: No answer, or not allowed.
        """
        parts = urlsplit(location)
        if not parts.netloc:
            raise StorageError(
                f"The artifact location '{redact(location)}' names no bucket.", "Give s3://bucket/prefix."
            )
        if "@" in parts.netloc:
            raise StorageError(
                f"The artifact location '{redact(location)}' has an '@': a bucket has none, and no keys belong here.",
                "Give s3://bucket/prefix, and the keys as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        prefix = parts.path.strip("/")
        blobs = cls(_client(), parts.netloc, f"{prefix}/" if prefix else "", opening or retry.OPENING)
        blobs._call("head_bucket", missing=_no_bucket(parts.netloc))
        return replace(blobs, policy=policy or RetryPolicy())

    def in_a_hurry(self, seconds: float) -> Self:
        """The same objects; a call that fails is tried again for so many seconds, and a try has the client's limits."""
        return replace(self, policy=RetryPolicy(deadline_s=seconds))

    @property
    def shown(self) -> str:
        """The location, for messages."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def write(self, name: str, data: bytes) -> None:
        """Stores all bytes durably, or nothing."""
        self._call("put_object", missing=_no_bucket(self.bucket), Key=self.prefix + name, Body=data)

    def read(self, name: str) -> bytes:
        """Returns the bytes; KeyError where there are none."""

        def get() -> bytes:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)
            with answer["Body"] as body:
                data: bytes = body.read()
            return data

        return self._patiently(get, missing=KeyError(name))

    def exists(self, name: str) -> bool:
        """Says whether there is such an object."""
        try:
            self._call("head_object", missing=KeyError(name), Key=self.prefix + name)
        except KeyError:
            return False
        return True

    def remove(self, name: str) -> None:
        """Removes the object; KeyError where there is none."""
        self._call("head_object", missing=KeyError(name), Key=self.prefix + name)
        self._call("delete_object", missing=KeyError(name), Key=self.prefix + name)

    def entry(self, name: str) -> Entry:
        """Returns what is known of an object; KeyError where there is none."""
        found = self._patiently(
            lambda: self.client.head_object(Bucket=self.bucket, Key=self.prefix + name), missing=KeyError(name)
        )
        return Entry(name=name, size=found["ContentLength"], modified=found["LastModified"].timestamp())

    def entries(self) -> Iterator[Entry]:
        """Lists all objects below the prefix, a thousand at a time."""
        more: dict[str, str] = {}
        while True:
            page = self._page(more)
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(self.prefix)
                yield Entry(name=name, size=found["Size"], modified=found["LastModified"].timestamp())
            if not page["IsTruncated"]:
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _page(self, more: dict[str, str]) -> Any:
        return self._patiently(
            lambda: self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, **more),
            missing=_no_bucket(self.bucket),
        )

    def _call(self, method: str, missing: Exception, **arguments: Any) -> None:
        self._patiently(lambda: getattr(self.client, method)(Bucket=self.bucket, **arguments), missing)

    def _patiently(self, function: Callable[[], T], missing: Exception) -> T:
        try:
            return retry.call(function, self.policy, self.shown, passes=_is_passing)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise missing from error
            raise self._unavailable(error) from error
        except (BotoCoreError, HTTPError) as error:
            raise self._unavailable(error) from error
        except StorageUnavailableError as error:
            raise StorageUnavailableError(error.message, _CHECK) from error.__cause__

    def _unavailable(self, error: Exception) -> StorageUnavailableError:
        return StorageUnavailableError(
            f"The artifact location {self.shown} does not answer as it should: {redact(str(error))}.", _CHECK
        )


def _client() -> Any:
    # Tried once: how often and how long is said in one place, `storage.retry`.
    # As many connections as one process trains trials at once, for which boto3 has too few by default.
    config = Config(
        connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1}, max_pool_connections=MOST_CONNECTIONS
    )
    return boto3.client("s3", config=config)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or error.response["Error"]["Code"] in _PASSING
    return isinstance(error, _OF_THE_NETWORK)


def _no_bucket(bucket: str) -> StorageError:
    return StorageError(f"There is no S3 bucket '{bucket}'.", "Make it first, or give another with --artifacts.")
