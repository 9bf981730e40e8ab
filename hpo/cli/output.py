"""Results, to stdout: one JSON object, or aligned pairs."""

import json
from collections.abc import Mapping
from typing import Any

from hpo.terminal import show


def print_json(document: Mapping[str, Any]) -> None:
    """Prints one JSON object, with a line end, to stdout."""
    print(json.dumps(document, indent=2, allow_nan=False))


def print_table(title: str, facts: Mapping[str, object]) -> None:
    """Prints a title and aligned pairs, to stdout."""
    width = max(len(name) for name in facts)
    show(title)
    for name, value in facts.items():
        shown = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else value
        show(f"  {name.replace('_', ' '):<{width}}  {shown}")
