"""Configurations of the user's own, from a file: JSON, a list of objects, or CSV with the names in its first line.

Each names hyperparameters of the search space; what it leaves out the sampler proposes. Every value must be one that
the space could have proposed, so that the trial is one of the search like any other.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from optuna.distributions import IntDistribution

from hpo.errors import UsageError
from hpo.search.parameters import Fixed, Parameter, Range, Value
from hpo.search.space import Space
from model.configuration import LearnerConfig
from model.files import read_regular

_MAX_BYTES = 1_000_000
_MOST = 1_000
#: Characters of a value that are shown.
_SHOWN = 40
#: What a configuration has that was written down before a name came.
_DEFAULTS = {field.name: field.default for field in fields(LearnerConfig)}


@dataclass(frozen=True)
class Configuration:
    """A configuration of the user's own.

    Attributes:
        where: As messages call it, such as "row 2" or "record 1".
        params: Of the searched parameters, by name.
    """

    where: str
    params: Mapping[str, Value]


def read_configurations(path: Path, space: Space) -> list[Configuration]:
    """Reads and checks the configurations in a file.

    Args:
        path: JSON or CSV.
        space: Which must hold them.

    Raises:
        UsageError: The file cannot be read, or one of its records is not of the space; names record and parameter.
    """
    found: list[Configuration] = []
    for where, record in _records(path):
        params = dict(_params(path, where, record, space))
        if not params:
            raise _refusal(path, where, "names no hyperparameter that is searched", _names(space))
        if same := next((one.where for one in found if one.params == params), None):
            raise _refusal(path, where, f"is the same configuration as {same}", "Leave one of them out.")
        found.append(Configuration(where, params))
    if not found:
        raise UsageError(f"{path} holds no configuration.", "Leave --enqueue out, or write one into it.")
    return found


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        text = read_regular(path, _MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"The configurations {path} cannot be read: {error.strerror}.", "Give a JSON or CSV file with --enqueue."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The configurations {path} are no text in UTF-8.", "Save the file as UTF-8.") from error
    is_json = path.suffix.lower() == ".json" or text.lstrip()[:1] in ("[", "{")
    for count, record in enumerate(_from_json(path, text) if is_json else _from_csv(path, text), 1):
        if count > _MOST:
            raise UsageError(f"{path} has more than {_MOST:,} configurations.", "Keep those that are worth a trial.")
        yield record


def _from_json(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid JSON: {str(error)[:200]}.", "Write a list of objects.") from error
    if not isinstance(document, list):
        raise UsageError(f"{path} holds no list of configurations.", 'Write a list of objects: [{"layers": 1}, ...].')
    for number, record in enumerate(document, 1):
        if not isinstance(record, dict):
            raise _refusal(path, f"record {number}", "is no object", 'Write it as {"layers": 1, ...}.')
        yield f"record {number}", record


def _from_csv(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UsageError(f"{path}: two columns are called {twice[:_SHOWN]!r}.", "Leave one of them out.")
        for number, row in enumerate(rows, 2):
            if len(row) > len(names):
                raise _refusal(path, f"row {number}", f"has {len(row)} cells, the header {len(names)}", "Mend the row.")
            if any(cell.strip() for cell in row):
                yield (
                    f"row {number}",
                    {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip()},
                )
    except csv.Error as error:
        raise UsageError(f"{path} is not valid CSV: {error}.", "Write names first, and commas between.") from error


def _params(path: Path, where: str, record: Mapping[str, Any], space: Space) -> Iterator[tuple[str, Value]]:
    for name, told in record.items():
        entry = space.parameters.get(name)
        if entry is None:
            raise _refusal(path, where, f"names {name[:_SHOWN]!r}, which is no hyperparameter", _names(space))
        value = value_of(name, told, space)
        if value is None:
            raise _refusal(
                path, where, f"has {name} = {str(told)[:_SHOWN]!r}", f"The space allows {_allowed(name, entry, space)}."
            )
        if not isinstance(entry, Fixed):
            yield name, value


def value_of(name: str, told: object, space: Space) -> Value | None:
    """Finds the value of a space that is meant; None where there is none.

    Args:
        name: Of a parameter that the space has.
        told: Anything; of what is a number, a text will do, for a cell of CSV is none.
        space: The search space.
    """
    entry = space.parameters[name]
    if not isinstance(entry, Range):
        return next((value for value in entry.examples() if _is_same(told, value)), None)
    if isinstance(told, str):
        told = _number(told)
    if isinstance(told, bool) or not isinstance(told, int | float) or not entry.contains(told):
        return None
    if isinstance(space.distributions[name], IntDistribution):
        return int(told) if told == int(told) else None
    return float(told)


def params_of(config: Mapping[str, Any], space: Space) -> dict[str, Value] | None:
    """Returns a configuration as the params of a space; None where the space could not have proposed it.

    Args:
        config: By name, unchecked, such as that of a trial of any study.
        space: The search space.
    """
    params: dict[str, Value] = {}
    for name, entry in space.parameters.items():
        value = value_of(name, config.get(name, _DEFAULTS.get(name)), space)
        if value is None and (name in config or not isinstance(entry, Fixed)):
            return None
        if value is not None and not isinstance(entry, Fixed):
            params[name] = value
    return params


def _is_same(told: object, value: Value) -> bool:
    if isinstance(told, str) and not isinstance(value, str):
        told = _number(told)
    return (type(told) is type(value) and told == value) or (_are_numbers(told, value) and told == value)


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _allowed(name: str, entry: Parameter, space: Space) -> str:
    if isinstance(entry, Range):
        whole = "whole numbers " if isinstance(space.distributions[name], IntDistribution) else ""
        steps = "" if entry.step is None else f" in steps of {entry.step:g}"
        return f"{whole}from {entry.low:g} to {entry.high:g}{steps}"
    return " or ".join(str(value) for value in entry.examples())


def _names(space: Space) -> str:
    return f"Searched are {', '.join(sorted(space.searched))}."


def _refusal(path: Path, where: str, what: str, step: str) -> UsageError:
    return UsageError(f"{path}, {where}, {what}.", step)
