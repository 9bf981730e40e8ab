"""The log, to stderr: one readable line per event, or one JSON object per line with the same keys each time."""

import json
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

from hpo.choices import LogFormat
from hpo.printable import printable
from storage.secrets import without_secrets

#: What an event is about, in JSON; null where that is not known. Beside them: time, level, logger, message, exception.
FIELDS = ("study", "worker", "device", "trial", "fold")

_NOTHING: Mapping[str, str | int] = MappingProxyType({})
_about: ContextVar[Mapping[str, str | int]] = ContextVar("about", default=_NOTHING)


class _SafeFormatter(logging.Formatter):
    """Libraries log what they like: whole addresses among it, and characters that command a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(without_secrets(super().format(record)))


class _JsonFormatter(logging.Formatter):
    """Line ends and all else that commands a terminal are escaped, as JSON has it."""

    def __init__(self, about: Mapping[str, str]) -> None:
        super().__init__()
        self._about = {"host": socket.gethostname(), "pid": os.getpid(), **dict.fromkeys(FIELDS), **about}

    def format(self, record: logging.LogRecord) -> str:
        failure = self.formatException(record.exc_info) if record.exc_info else None
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._about,
            **_about.get(),
            "exception": failure,
        }
        safe = {key: without_secrets(value) if isinstance(value, str) else value for key, value in event.items()}
        return json.dumps(safe)


def log_to_stderr(level: str, form: LogFormat = "text", **about: str) -> None:
    """Sets this process's log up.

    Args:
        level: The least that is told, for example "info".
        form: Of its lines.
        about: What all of its events are about, of `FIELDS`; told in JSON alone.
    """
    to_stderr = logging.StreamHandler(sys.stderr)
    readable = _SafeFormatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
    to_stderr.setFormatter(_JsonFormatter(about) if form == "json" else readable)
    logging.basicConfig(level=level.upper(), handlers=[to_stderr], force=True)
    logging.captureWarnings(form == "json")
    # Optuna announces every trial itself, with parameters and value; our lines say it with folds and worker.
    logging.getLogger("optuna").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


@contextmanager
def about(**fields: str | int) -> Iterator[None]:
    """Says of all that this thread logs in the body of `with` what it is about.

    Args:
        fields: Of `FIELDS`.
    """
    before = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(before)
