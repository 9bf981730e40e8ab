"""Durations as people write them: 90, 90s, 5m, 2h, 1h30m."""

import re
from collections.abc import Callable

import typer

from hpo.choices import LONGEST_S

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*(min|[smhd]?)\s*", re.IGNORECASE | re.ASCII)


def parse_duration(least: float) -> Callable[[str | float], float]:
    """Returns what reads the seconds that a text such as 5m or 1h30m means; a number alone is seconds.

    Args:
        least: Seconds that it may be at least.
    """

    def parse(text: str | float) -> float:
        seconds = float(text) if isinstance(text, int | float) else _seconds(text.strip())
        if not least <= seconds <= LONGEST_S:
            raise typer.BadParameter(
                f"{str(text)[:40]!r} is not between {least:g} s and {LONGEST_S / 86_400:.0f} days."
            )
        return seconds

    return parse


def _seconds(text: str) -> float:
    total, end, parts = 0.0, 0, 0
    while end < len(text):
        found = _PART.match(text, end)
        if found is None or (not found[2] and (end or found.end() < len(text))):
            raise _no_duration(text)
        total += float(found[1]) * _UNITS[found[2].lower()]
        end, parts = found.end(), parts + 1
    if not parts:
        raise _no_duration(text)
    return total


def _no_duration(text: str) -> typer.BadParameter:
    return typer.BadParameter(f"{text[:40]!r} is not a duration such as 90, 90s, 5m, 2h or 1h30m.")
