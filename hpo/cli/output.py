"""Output: results to stdout, talk to stderr."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON object, with a line end, to stdout."""
    print(json.dumps(document, indent=2, allow_nan=False))


def print_table(title: str, facts: Mapping[str, object]) -> None:
    """A title and aligned pairs, to stdout."""
    width = max(len(name) for name in facts)
    print(title)
    for name, value in facts.items():
        shown = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else value
        print(f"  {name.replace('_', ' '):<{width}}  {shown}")


def set_up_logging(level: str) -> None:
    """One readable line per event, to stderr."""
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
