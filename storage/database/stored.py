"""Values as a trial's rows hold them, read one by one: what one row holds must not hide all other trials.

Optuna reads a study's trials all together, so a single row that it cannot read (written by hand, or by a program of
another version) would end everybody who asks for any of them. Here such a value is told once in the log. An attribute
is handed on as the text that it is, and whoever wants it refuses it; a parameter is left out.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution

_distribution = lru_cache(maxsize=4096)(json_to_distribution)
#: What broken JSON, unknown distributions and values beyond them raise.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, RecursionError, ArithmeticError)

log = logging.getLogger(__name__)


def read_attributes(number: int, rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """Returns a trial's attributes.

    Args:
        number: The trial's, for the log.
        rows: The name, and the value as JSON.
    """
    return {name: read_json(number, name, text) for name, text in rows}


def read_json(number: int, name: str, text: str) -> Any:
    """Returns an attribute's value; the text as it stands where it is no JSON."""
    try:
        return json.loads(text)
    except _UNREADABLE as error:
        _tell(number, f"attribute {name!r}", str(error)[:80])
        return text


def read_params(number: int, rows: Iterable[Sequence[Any]]) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """Returns a trial's parameters and their distributions; those that can be read.

    Args:
        number: The trial's, for the log.
        rows: The name, the value as Optuna stores it, and the distribution as JSON.
    """
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}
    for name, value, text in rows:
        try:
            distribution = _distribution(text)
            params[name] = distribution.to_external_repr(value)
        except _UNREADABLE as error:
            _tell(number, f"parameter {name!r}", str(error)[:80])
        else:
            distributions[name] = distribution
    return params, distributions


@lru_cache(maxsize=4096)
def _tell(number: int, what: str, why: str) -> None:
    """Tells it once: unfinished trials are read again and again."""
    log.warning("Trial %d: its %s cannot be read (%s); the trial goes on without it.", number, what, why)
