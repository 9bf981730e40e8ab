"""JSON: an object of columns, a list of records, or a record on each line (JSON lines)."""

import json
from collections.abc import Mapping
from pathlib import Path

from model.errors import DataError
from model.reading.parts import table_of
from model.reading.table import Table

_EXPECTED = (
    'Expected: columns ({"sequence": [...], "resistant": [...]}), a list of records, or a record on each line '
    '({"id": "g1", "sequence": "ATG", "resistant": 1}).'
)
_LONGEST = 40


class _TwiceError(ValueError):
    """An object has one name twice; the text is the name."""


def open_json(data: bytes, path: Path) -> Table:
    """Opens a JSON file.

    Args:
        data: Its bytes, UTF-8.
        path: For messages.

    Raises:
        DataError: The text is not JSON, or holds no table.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    try:
        content = _load(text, str(path))
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise _damaged(str(path), error) from error
        lines = enumerate(text.split("\n"), start=1)
        content = [_loaded_line(line, f"{path}, line {number}") for number, line in lines if line.strip()]
    return table_of(_parts(content, path), path, _EXPECTED)


def _loaded_line(line: str, where: str) -> object:
    try:
        return _load(line, where)
    except json.JSONDecodeError as error:
        raise _damaged(where, error) from error


def _load(text: str, where: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _TwiceError as error:
        raise DataError(f"{where}: an object has the name {str(error)[:_LONGEST]!r} twice.", "Keep one.") from error
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; lists within lists
        raise _damaged(where, error) from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _parts(content: object, path: Path) -> Mapping[str, object]:
    if isinstance(content, dict) and any(isinstance(part, list) for part in content.values()):
        return content
    if isinstance(content, dict) and content and all(isinstance(part, dict) for part in content.values()):
        return _by_row(content, path)
    records = [content] if isinstance(content, dict) else content
    if not isinstance(records, list):
        raise DataError(f"{path} holds no table.", _EXPECTED)
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise DataError(f"{path}: record {number} is not an object but {type(record).__name__}.", _EXPECTED)
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _by_row(columns: Mapping[str, Mapping[str, object]], path: Path) -> Mapping[str, object]:
    """Reads columns whose values stand under the names of their rows, as pandas writes them."""
    rows = list(next(iter(columns.values())))
    for name, values in columns.items():
        if list(values) != rows:
            raise DataError(f"{path}: column {name[:_LONGEST]!r} has other rows than the first column.", _EXPECTED)
    return {name: list(values.values()) for name, values in columns.items()}


def _damaged(where: str, error: Exception) -> DataError:
    return DataError(f"{where} is not JSON: {str(error)[:200]}.", "Correct it, or write the file again.")
