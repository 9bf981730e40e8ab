"""Columns among the parts of a dict, as `.npy`, `.npz` and JSON hold them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from model.errors import DataError
from model.reading.table import Table

_LONGEST = 40
_JOIN = "Each row is one text: write genes that are split into letters as ''.join(letters)."


def table_of(parts: Mapping[str, object], path: Path, expected: str) -> Table:
    """Makes a table of the lists among the parts; single values beside two columns or more are not of the rows.

    Args:
        parts: By name: a list is a column.
        path: For messages.
        expected: What such a file should hold, as a next step.

    Raises:
        DataError: A part is neither, columns differ in length, or a value of a column is not plain.
    """
    lists = {name: part for name, part in parts.items() if isinstance(part, list | tuple)}
    for name, part in parts.items():
        if name not in lists and (len(lists) < 2 or not _is_plain(part)):
            raise DataError(f"{path}: the part {name[:_LONGEST]!r} is not a list.", expected)
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name[:_LONGEST]!r} has {length}" for name, length in lengths.items())
        raise DataError(f"The columns of {path} differ in length: {told}.", "Write the file again.")
    columns = {name: _checked(values, name, path, expected) for name, values in lists.items()}

    def read(wanted: Sequence[str]) -> list[list[object]]:
        return [columns[name] for name in wanted]

    return Table(tuple(columns), read)


def _checked(values: Sequence[object], name: str, path: Path, expected: str) -> list[object]:
    for row, value in enumerate(values, start=1):
        if not _is_plain(value):
            raise DataError(
                f"{path}: record {row} of {name[:_LONGEST]!r} is neither text nor a plain number, "
                f"but {type(value).__name__}.",
                _JOIN if isinstance(value, list | tuple) else expected,
            )
    return list(values)


def _is_plain(value: object) -> bool:
    """Admits one value. Lists within lists and giant numbers could fill the memory as soon as they are shown."""
    return (
        value is None or isinstance(value, str | bytes | float) or (isinstance(value, int) and value.bit_length() <= 64)
    )
