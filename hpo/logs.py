"""The log: one readable line per event, to stderr."""

import logging
import sys


def log_to_stderr(level: str) -> None:
    """Sets this process's log up.

    Args:
        level: The least that is told, for example "info".
    """
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        stream=sys.stderr,
        force=True,
    )
    # Optuna announces every trial itself, with parameters and value; our lines say it with folds and worker.
    logging.getLogger("optuna").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
