"""Blobs in an S3 bucket, or in anything that speaks its protocol.

Credentials and region come from the usual places (environment, profile, instance role), the endpoint of other
servers from `AWS_ENDPOINT_URL`. S3 shows an object whole or not at all, and answers after it is durable.
"""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from storage.errors import StorageError, StorageUnavailableError
from storage.url import redact

_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
#: What boto3 tries by itself, with growing pauses.
RETRIES = {"mode": "standard", "max_attempts": 5}


@dataclass(frozen=True)
class S3Blobs:
    """Blobs as objects under one prefix of a bucket."""

    client: Any
    bucket: str
    prefix: str

    @classmethod
    def open(cls, location: str) -> Self:
        """Opens `s3://bucket/prefix`.

        Raises:
            StorageError: No bucket is named, or it is not there.
            StorageUnavailableError: No answer, or not allowed.
        """
        parts = urlsplit(location)
        if not parts.netloc:
            raise StorageError(
                f"The artifact location '{redact(location)}' names no bucket.", "Give s3://bucket/prefix."
            )
        prefix = parts.path.strip("/")
        blobs = cls(_client(), parts.netloc, f"{prefix}/" if prefix else "")
        blobs._call("head_bucket", missing=_no_bucket(parts.netloc))
        return blobs

    @property
    def shown(self) -> str:
        """The location, for messages."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def write(self, name: str, data: bytes) -> None:
        """Stores all bytes durably, or nothing."""
        self._call("put_object", missing=_no_bucket(self.bucket), Key=self.prefix + name, Body=data)

    def read(self, name: str) -> bytes:
        """Returns the bytes; KeyError where there are none."""
        answer = self._call("get_object", missing=KeyError(name), Key=self.prefix + name)
        try:
            with answer["Body"] as body:
                data: bytes = body.read()
        except (BotoCoreError, HTTPError) as error:
            raise self._unavailable(error) from error
        return data

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

    def _call(self, method: str, missing: Exception, **arguments: Any) -> Any:
        try:
            return getattr(self.client, method)(Bucket=self.bucket, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise missing from error
            raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> StorageUnavailableError:
        return StorageUnavailableError(
            f"The artifact location {self.shown} does not answer as it should: {redact(str(error))}.",
            "Check AWS_ENDPOINT_URL, AWS_DEFAULT_REGION and the credentials.",
        )


def _client() -> Any:
    config = Config(connect_timeout=5, read_timeout=60, retries=RETRIES)
    return boto3.client("s3", config=config)


def _no_bucket(bucket: str) -> StorageError:
    return StorageError(f"There is no S3 bucket '{bucket}'.", "Make it first, or give another with --artifacts.")
