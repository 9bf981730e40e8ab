"""The log: one readable line per event, to stderr."""

import logging
import sys

from storage.secrets import without_secrets


class _WithoutSecrets(logging.Formatter):
    """Libraries log what they like, exceptions with whole addresses among it."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def log_to_stderr(level: str) -> None:
    """Sets this process's log up.

    Args:
        level: The least that is told, for example "info".
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutSecrets("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Optuna announces every trial itself, with parameters and value; our lines say it with folds and worker.
    logging.getLogger("optuna").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
