"""Who may call the proxy, and how the way to it is closed: a token that its callers show, and TLS.

Proxy and callers take the token alike, from HPO_PROXY_TOKEN or the file that HPO_PROXY_TOKEN_FILE names, never from an
argument, which every user of the machine can read. A caller for whom HPO_PROXY_CA names a file speaks TLS, and only to
a proxy whose certificate an authority in that file has signed for the host of the URL.
"""

import hmac
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc

from storage.errors import StorageError
from storage.files import read_regular
from storage.secrets import remember_secret

TOKEN = "HPO_PROXY_TOKEN"  # noqa: S105 - a variable's name
TOKEN_FILE = "HPO_PROXY_TOKEN_FILE"  # noqa: S105 - a variable's name
CA = "HPO_PROXY_CA"

_FORM = re.compile(r"[A-Za-z0-9._~-]{16,200}")
_HEADER = "authorization"
_TOKEN_BYTES = 1_000
_PEM_BYTES = 2**20

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Token:
    """What callers must show."""

    text: str = field(repr=False)

    @property
    def metadata(self) -> Metadata:
        """How a caller shows it."""
        return ((_HEADER, f"Bearer {self.text}"),)

    def is_shown_in(self, metadata: Metadata) -> bool:
        """Says whether a call shows it, in a time that tells nothing of it."""
        shown = [value for name, value in metadata if name == _HEADER and isinstance(value, str)]
        return len(shown) == 1 and hmac.compare_digest(shown[0].encode(), f"Bearer {self.text}".encode())


def shows_a_token(metadata: Metadata) -> bool:
    """Says whether a call shows any token."""
    return any(name == _HEADER for name, _ in metadata)


def token_from(environment: Mapping[str, str], file: Path | None = None) -> Token | None:
    """Finds the token.

    Args:
        environment: May hold it, or name its file.
        file: That holds it; goes before the environment.

    Returns:
        None where there is none.

    Raises:
        StorageError: The file cannot be read, or what is there is no token.
    """
    if file is None and environment.get(TOKEN):
        return _checked(environment[TOKEN], TOKEN)
    named = file or (Path(environment[TOKEN_FILE]) if environment.get(TOKEN_FILE) else None)
    if named is None:
        return None
    return _checked(_read(named, _TOKEN_BYTES, "token").decode("ascii", errors="replace").strip(), f"The file {named}")


def _checked(text: str, where: str) -> Token:
    remember_secret(text)
    if not _FORM.fullmatch(text):
        raise StorageError(
            f"{where} holds no token: {len(text)} characters; it takes 16 to 200 letters, digits or any of . _ ~ -.",
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return Token(text)


def _read(path: Path, most_bytes: int, what: str) -> bytes:
    try:
        return read_regular(path, most_bytes)
    except OSError as error:
        raise StorageError(
            f"The {what} file {path} cannot be read: {error.strerror}.", "Check its path and rights."
        ) from error


@dataclass(frozen=True)
class Caller:
    """What a caller has to show, and whom it speaks to.

    Attributes:
        token: What it shows; None for nothing.
        authorities: Certificates in PEM; None for a way without TLS.
    """

    token: Token | None = None
    authorities: bytes | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Reads what this process was given.

        Raises:
            StorageError: A file cannot be read, or holds something else.
        """
        named = environment.get(CA)
        return cls(token_from(environment), _authorities(Path(named)) if named else None)

    def channel(self, address: str, options: list[tuple[str, int]]) -> grpc.Channel:
        """Opens the way to a proxy, `host:port`."""
        if self.authorities is None:
            return grpc.insecure_channel(address, options=options)
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(self.authorities), options=options)


def _authorities(path: Path) -> bytes:
    data = _read(path, _PEM_BYTES, "CA")
    try:
        # gRPC would tell of no fault in it but that nothing answers.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=data.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise StorageError(
            f"The CA file {path} holds no certificates in PEM.", f"Let {CA} name the authority's certificate."
        ) from error
    return data


def server_credentials(certificate: Path, key: Path) -> grpc.ServerCredentials:
    """Reads what a proxy shows of itself.

    Args:
        certificate: Its certificate in PEM, and those between it and the authority.
        key: Its key in PEM, without a password.

    Raises:
        StorageError: They cannot be read, or are not of one another.
    """
    chain, secret = _read(certificate, _PEM_BYTES, "certificate"), _read(key, _PEM_BYTES, "key")
    try:
        # With a password, however empty, for a locked key: else OpenSSL asks for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise StorageError(
            f"{certificate} and {key} are no certificate and its key in PEM.",
            "Give --tls-cert the certificate (with those between it and the authority), --tls-key its key, unlocked.",
        ) from error
    return grpc.ssl_server_credentials([(secret, chain)])
