"""Storage URLs: which kinds there are, what is refused, and how secrets are kept out of messages.

Covers the text of a URL and the place of a SQLite file. Opening it is `storage.connection`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import StorageError
from storage.mounts import NETWORK_FILE_SYSTEMS, file_system_of
from storage.secrets import remember, without_secrets

ALLOWED = "sqlite:///path/to/file.db, postgresql://user:password@host:5432/database, grpc://host:port"

# None begins with any run of letters before what it looks for: of a message of 10,000 letters each run would be gone
# through from each of them.
_WORD = re.compile(r"[^\s'\"]+")
_USER = re.compile(r"://[^:/@]*:")
_NAMED_SECRET = re.compile(
    r"""(?ix) ((?:password|passwd|pwd|secret|token|secret_access_key|passfile)["']?\s*)
        (= \s* | : \s* (?=["']))
        (?: '[^']*' | "[^"]*" | [^\s&;,'")]+ )"""
)


@dataclass(frozen=True)
class StorageUrl:
    """A storage URL that was looked at and found usable.

    Attributes:
        kind: Which storage it names.
        engine_url: What SQLAlchemy gets, with the driver spelt out; "" for grpc. Holds the password.
        shown: The URL without its secrets, for messages.
        path: The SQLite file, else None.
        host: The proxy's host, else "".
        port: The proxy's port, else 0.
    """

    kind: Literal["sqlite", "postgresql", "grpc"]
    engine_url: str
    shown: str
    path: Path | None = None
    host: str = ""
    port: int = 0


def redact(text: str) -> str:
    """Returns the text with three stars for every password in it.

    These are what this process was given (`storage.secrets`), and what looks like one in the words of others.

    Args:
        text: A URL, or any message that may hold one; `user:password@`, `?password=...`, `password='...'`.
    """
    text = _WORD.sub(_without_password, text)
    return without_secrets(_NAMED_SECRET.sub(r"\1\2***", text))


def _without_password(word: re.Match[str]) -> str:
    """Leaves out what stands between a word's first `://user:` and its last '@': a password may hold any character.

    Not by one pattern: that would look for the '@' from each `://user:` anew, of which a hostile text has many.
    """
    before, at, after = word[0].rpartition("@")
    user = _USER.search(before)
    return word[0] if user is None else f"{before[: user.end()]}***{at}{after}"


def parse_url(text: str, file_system: Callable[[Path], str] = file_system_of) -> StorageUrl:
    """Reads a storage URL and refuses what could not work.

    Args:
        text: The URL as the user gave it.
        file_system: Tells the type of the file system that holds a path, as in /proc/mounts.

    Raises:
        StorageError: Not a URL, an unknown kind, a SQLite file in memory, in a folder that is not there or on
            a network file system, or no driver for Postgres.
    """
    remember(text)
    scheme = text.split("://", 1)[0] if "://" in text else ""
    if scheme == "grpc":
        return _grpc(text)
    if scheme == "sqlite":
        return _sqlite(text, _sqlalchemy_url(text), file_system)
    if scheme in ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"):
        return _postgresql(text, _sqlalchemy_url(text))
    raise StorageError(f"'{redact(text)}' is not a storage URL that hpo knows.", f"Give one of: {ALLOWED}.")


def _sqlalchemy_url(text: str) -> URL:
    try:
        return make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StorageError(
            f"The storage URL '{redact(text)}' cannot be read.",
            f"Give one of: {ALLOWED}; special characters in a password are written as %XX.",
        ) from error


def _sqlite(text: str, url: URL, file_system: Callable[[Path], str]) -> StorageUrl:
    if not url.database or ":memory:" in url.database or url.query:
        raise StorageError(
            f"The storage URL '{redact(text)}' names no file that several workers could share.",
            "Give a plain file, such as sqlite:///hpo.db.",
        )
    path = Path(url.database)
    if not path.parent.is_dir():
        raise StorageError(
            f"The folder '{path.parent}' of the storage '{path}' does not exist.",
            "Make the folder first, or give another path.",
        )
    kind = file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise StorageError(
            f"'{path}' lies on a network file system ({kind}), where SQLite loses data.",
            "Use a file on a local disk, or for several machines a database: postgresql://host/database.",
        )
    return StorageUrl("sqlite", f"sqlite:///{path}", f"sqlite:///{path}", path=path)


def _postgresql(text: str, url: URL) -> StorageUrl:
    if "@" in f"{url.host}{url.database}":
        raise StorageError(
            f"The storage URL '{redact(text)}' has more than one '@', so nobody can tell where the password ends.",
            "Write an '@' in the user's name or password as %40, a ':' as %3A and a '/' as %2F.",
        )
    if not url.database:
        raise StorageError(
            f"The storage URL '{redact(text)}' names no database.",
            "Give it after the host: postgresql://host/database.",
        )
    if find_spec("psycopg") is None:
        raise StorageError(
            f"The storage '{redact(text)}' needs psycopg, which is not installed.",
            'Install it with: pip install "hpo[postgres]"',
        )
    engine_url = _with_socket(url.set(drivername="postgresql+psycopg")).render_as_string(hide_password=False)
    return StorageUrl("postgresql", engine_url, redact(text))


def _with_socket(url: URL) -> URL:
    """Moves the folder of a socket from the host's place, where SQLAlchemy leaves it escaped, to the query."""
    folder = unquote(url.host or "")
    if not folder.startswith("/"):
        return url
    query = {"host": folder} | ({} if url.port is None else {"port": str(url.port)})
    # Not `set`: it takes None for "as it was".
    return URL.create(url.drivername, url.username, url.password, None, None, url.database, {**url.query, **query})


def _grpc(text: str) -> StorageUrl:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise StorageError(f"The storage URL '{redact(text)}' lacks a host or a port.", "Give both: grpc://host:13000.")
    host = f"[{host}]" if ":" in host else host  # an address of IPv6
    return StorageUrl("grpc", "", f"grpc://{host}:{port}", host=host, port=port)
