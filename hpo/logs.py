"""The log: one readable line per event, to stderr."""

import logging
import sys

from hpo.printable import printable
from storage.secrets import without_secrets


class _SafeFormatter(logging.Formatter):
    """Libraries log what they like: whole addresses among it, and characters that command a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(without_secrets(super().format(record)))


def log_to_stderr(level: str) -> None:
    """Sets this process's log up.

    Args:
        level: The least that is told, for example "info".
    """
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(_SafeFormatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[to_stderr], force=True)
    # Optuna announces every trial itself, with parameters and value; our lines say it with folds and worker.
    logging.getLogger("optuna").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
