"""Labels that stand in a table of their own, found by the ids of the genes."""

import shlex
from collections.abc import Mapping, Sequence

import numpy as np

from model.cleaning import is_missing
from model.errors import DataError
from model.reading import columns, selection
from model.reading.table import Table

_SPREADSHEET = (
    " If a spreadsheet has shortened ids that look like numbers (562.10 to 562.1), export the table again with ids as "
    "text."
)
_MOST_NAMES = 10
_LONGEST_NAME = 60


def look_up(
    ids: list[str],
    table: Table,
    *,
    label_column: str | None = None,
    id_column: str | None = None,
    where: Mapping[str, str] | None = None,
    incomplete: bool = False,
    places: Sequence[str] = (),
) -> tuple[str, list[object]]:
    """Finds the label of each gene; rows of the table that no gene asks for are ignored.

    Args:
        ids: Of the genes, in order. Length N.
        table: With a column of ids and one of labels.
        label_column: Name of the column of labels; by default found by its usual names or by what it holds.
        id_column: Name of the column of ids, by default found by its usual names.
        where: Rows of the table that count: those with these values; columns that it lacks are of no matter.
        incomplete: Whether a gene may lack a row.
        places: Where each gene stands, for messages. Length N.

    Returns:
        The column of labels, and the labels as they stand there, None where a gene has none. Length N.

    Raises:
        DataError: Genes are not in the table (names them), or one is there with two different labels.
    """
    names = columns.id_column(table, id_column)
    if names is None:
        raise DataError(
            f"The label table has no column of ids. Columns found: {columns.listed(table)}.",
            "Name it with --id-column.",
        )
    wanted = [names, columns.label_column(table, label_column, taken=[names])]
    columns.check_apart(table, wanted)
    conditions = selection.conditions(where or {}, table)
    keys, values, *others = table.read([*wanted, *conditions])
    labels: dict[str, object] = {}
    rows: dict[str, int] = {}
    for row in np.flatnonzero(selection.select(conditions, others, len(keys))):
        if is_missing(keys[row]):
            continue
        name, value = str(keys[row]).strip(), values[row]
        if str(labels.setdefault(name, value)).strip().lower() != str(value).strip().lower():
            raise _two_labels(table, name, (rows[name], int(row)), wanted)
        rows.setdefault(name, int(row))
    missing = [row for row, name in enumerate(ids) if name not in labels]
    if missing and (not incomplete or len(missing) == len(ids)):
        raise DataError(
            f"{len(missing)} of {len(ids)} genes are not in the label table: "
            f"{_list([f'{ids[row]} ({places[row]})' for row in missing])}. Ids found there: {_list(list(labels))}.",
            f"Add them, leave out their genes (--missing drop), or correct the ids (--id-column)."
            f"{_shortened(ids, labels)}",
        )
    return wanted[1], [labels.get(name) for name in ids]


def _two_labels(table: Table, name: str, rows: tuple[int, int], wanted: Sequence[str]) -> DataError:
    """Tells of one id with two labels, and of a column that tells its rows apart."""
    others = [other for other in table.names if other not in wanted and table.names.count(other) == 1]
    labels, *rest = table.read([wanted[1], *others])
    first, second = rows
    shown = table.numbers(len(labels))
    apart = [(other, held[first]) for other, held in zip(others, rest, strict=True) if held[first] != held[second]]
    condition = "".join(f" (--where {shlex.quote(f'{other}={value}')})" for other, value in apart[:1])
    hint = "" if apart else _SPREADSHEET
    return DataError(
        f"The label table, {table.unit} {shown[second]}: {name!r} has the labels {labels[first]!r} ({table.unit} "
        f"{shown[first]}) and "
        f"{labels[second]!r}.",
        f"Keep the rows of one measurement, such as one drug{condition or ' (--where COLUMN=VALUE)'}.{hint}",
    )


def _shortened(ids: Sequence[str], labels: Mapping[str, object]) -> str:
    """Says what happened where an id that looks like a number lost its last zero."""
    lost = any(name not in labels and "." in name and name.rstrip("0").rstrip(".") in labels for name in ids)
    return _SPREADSHEET if lost else ""


def _list(names: Sequence[str]) -> str:
    """Names the first few."""
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return ", ".join([repr(name[:_LONGEST_NAME]) for name in names[:_MOST_NAMES]] + more) or "none"
