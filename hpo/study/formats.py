"""The study format: its number, and what the contract of an earlier one becomes when it is read.

A study keeps the format that it was made with: nothing is written back, so that whoever made it can still read it.
Each step is a pure function from one format to the next, and none is ever removed, for a study may be years old.

| format | what changed |
|---|---|
| 1 | the first |
| 2 | the seed stands once: `splitting.seed`, which was always equal to `seed`, is gone; `gpu_arithmetic` is new |
| 3 | genes may be told by their mutations, and trial 0 may be left out: `data.ancestors` and `original` are new |
| 4 | `data.cleaning` is new: how sequences were cleaned, what that did (`data.columns`, `data.labels` may be there) |
| 5 | `search.pruner` may be "chance": workers take folds, and park trials |
| 6 | `search.objective` is new: what trials are compared by; pruning by chance audits itself |
| 7 | `search.portfolio` is new: configurations of other genes with which the search begins |
"""

from collections.abc import Callable, Mapping
from typing import Any

from hpo.errors import ContractError

#: What `create-study` writes.
CURRENT = 7


def upgraded(document: Mapping[str, Any], study: str) -> dict[str, Any]:
    """Returns a stored contract as this version would have written it; its fields are not checked yet.

    Args:
        document: The study's attribute.
        study: The study's name, for messages.

    Raises:
        ContractError: The format is none that this version reads, or the document contradicts itself.
    """
    number = document.get("format")
    if type(number) is not int or not 1 <= number <= CURRENT:
        raise ContractError(
            f"Study {study!r} is of format {number!r}; this version of hpo reads formats"
            f" {', '.join(str(known) for known in range(1, CURRENT + 1))}.",
            "Work on it with the version of hpo that made it, or a later one.",
        )
    current = dict(document)
    for step in _STEPS[number - 1 :]:
        current = step(current, study)
    return current | {"format": CURRENT}


def _from_first(document: dict[str, Any], study: str) -> dict[str, Any]:
    """From 1 to 2."""
    splitting = document.get("splitting")
    if not isinstance(splitting, Mapping):  # the check of the fields will say so
        return document
    seed, again = document.get("seed"), splitting.get("seed")
    if seed != again:
        raise ContractError(
            f"The contract of study {study!r} names two seeds: seed is {seed!r}, splitting.seed is {again!r}.",
            "It was changed after `hpo create-study` wrote it: make a new study.",
        )
    return document | {
        "gpu_arithmetic": 1,
        "splitting": {name: value for name, value in splitting.items() if name != "seed"},
    }


def _from_second(document: dict[str, Any], study: str) -> dict[str, Any]:
    """From 2 to 3."""
    current, data = document | {"original": "all"}, document.get("data")
    return current | {"data": {**data, "ancestors": {}}} if isinstance(data, Mapping) else current


def _from_third(document: dict[str, Any], study: str) -> dict[str, Any]:
    """From 3 to 4: nothing was cleaned, for whatever could be was refused."""
    data = document.get("data")
    rules = {"gaps": "error", "odd_letters": "error", "inner_stops": None, "missing": "error"}
    changes = {"gaps_removed": {}, "read_as_unknown": {}, "cut": 0, "dropped": {}}
    return document | {"data": {**data, "cleaning": rules | changes}} if isinstance(data, Mapping) else document


def _from_fourth(document: dict[str, Any], study: str) -> dict[str, Any]:
    """From 4 to 5: its pruner stays."""
    return document


def _from_fifth(document: dict[str, Any], study: str) -> dict[str, Any]:
    """From 5 to 6: accuracy, which its field is by default."""
    return document


def _from_sixth(document: dict[str, Any], study: str) -> dict[str, Any]:
    """From 6 to 7: no portfolio, which its field has by default."""
    return document


#: By the format that they start from: 1, 2, ...
_STEPS: tuple[Callable[[dict[str, Any], str], dict[str, Any]], ...] = (
    _from_first,
    _from_second,
    _from_third,
    _from_fourth,
    _from_fifth,
    _from_sixth,
)
