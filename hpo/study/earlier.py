"""What a study keeps of the earlier one that its search begins from (`--warm-start`): where it was, and its best.

The best are configurations and the order of their values, nothing else. They are kept in an attribute of the study, so
that workers need not reach the earlier one; what a database holds is input, and is read as such.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from hpo.search.configurations import params_of
from hpo.search.space import Space
from hpo.search.warm import MOST, Earlier

WARM_START = "hpo:warm-start"


def as_stored(source: str, earlier: list[Earlier]) -> dict[str, Any]:
    """What the attribute holds.

    Args:
        source: The earlier study, as the user named it, without secrets.
        earlier: Its best, the best first.
    """
    best = [{"trial": one.number, "value": one.value, "config": dict(one.params)} for one in earlier]
    return {"study": source, "best": best}


def source_of(attributes: Mapping[str, Any]) -> str | None:
    """The earlier study that a study begins from, as the user named it; None where there is none.

    Args:
        attributes: Of the study.
    """
    stored = attributes.get(WARM_START)
    return str(stored.get("study")) if isinstance(stored, Mapping) else None


def read_earlier(attributes: Mapping[str, Any], space: Space) -> tuple[Earlier, ...]:
    """Reads the earlier configurations of a study; what cannot be read, or is not of its space, is left out.

    Args:
        attributes: Of the study.
        space: Its search space.
    """
    stored = attributes.get(WARM_START)
    best = stored.get("best") if isinstance(stored, Mapping) else None
    return tuple(_earlier(best[:MOST], space)) if isinstance(best, list) else ()


def _earlier(best: list[Any], space: Space) -> Iterator[Earlier]:
    for one in best:
        if not isinstance(one, Mapping):
            continue
        number, value, config = one.get("trial"), one.get("value"), one.get("config")
        params = params_of(config, space) if isinstance(config, Mapping) else None
        if params and type(number) is int and isinstance(value, float) and math.isfinite(value):
            yield Earlier(params, value, number)
