"""Labels that are measured values, such as MICs and fold changes, beside the cutoff of resistance."""

import re
from typing import Literal

_NUMBER = re.compile(r"(>=|<=|==?|>|<|≥|≤)?\s*(-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)", re.IGNORECASE)
# BV-BRC writes two.
_EQUAL = ("=", "==")

Verdict = Literal["resistant", "susceptible", "undecided"]


def is_measured(word: str) -> bool:
    """Says whether a label is a number, or a bound such as >=16."""
    return _NUMBER.fullmatch(word.strip()) is not None


def compare(word: str, cutoff: float) -> Verdict | None:
    """Compares a measured value with the cutoff; a bound decides where all values that it allows lie on one side.

    Args:
        word: A label: 8, >=16, <0.5.
        cutoff: This value and larger ones are resistant.

    Returns:
        The verdict, or None where the label is no number and no bound.
    """
    found = _NUMBER.fullmatch(word.strip())
    if found is None:
        return None
    sign, value = found[1] or "=", float(found[2])
    if sign in (*_EQUAL, ">", ">=", "≥") and value >= cutoff:
        return "resistant"
    if (value < cutoff and sign in (*_EQUAL, "<", "<=", "≤")) or (value == cutoff and sign == "<"):
        return "susceptible"
    return "undecided"
