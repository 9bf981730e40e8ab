"""The log: one readable line per event, to stderr."""

import logging
import sys

from hpo.printable import printable


class _PrintableFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def log_to_stderr(level: str) -> None:
    """Sets this process's log up.

    Args:
        level: The least that is told, for example "info".
    """
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(_PrintableFormatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[to_stderr], force=True)
    # Optuna announces every trial itself, with parameters and value; our lines say it with folds and worker.
    logging.getLogger("optuna").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
