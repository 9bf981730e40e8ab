"""Labels that stand in a table of their own, found by the ids of the genes."""

from collections.abc import Sequence
from pathlib import Path

from model.errors import DataError
from model.reading import columns
from model.reading.formats import open_table

_MOST_NAMES = 10
_LONGEST_NAME = 60


def look_up(ids: list[str], path: Path, label_column: str | None = None, id_column: str | None = None) -> list[object]:
    """Finds the label of each gene; rows of the table that no gene asks for are ignored.

    Args:
        ids: Of the genes, in order. Length N.
        path: A table with a column of ids and one of labels.
        label_column: Name of the column of labels; by default found by its usual names.
        id_column: Name of the column of ids, likewise.

    Returns:
        The labels as they stand in the table. Length N.

    Raises:
        DataError: Genes are not in the table (names them), or one is there with two different labels.
    """
    table = open_table(path)
    names = columns.id_column(table, id_column)
    if names is None:
        raise DataError(
            f"The label table {path} has no column of ids. Columns found: {_list(table.names)}.",
            "Name it with --id-column.",
        )
    wanted = [names, columns.label_column(table, label_column)]
    columns.check_apart(table, wanted)
    keys, values = table.read(wanted)
    labels: dict[str, object] = {}
    for row, (key, value) in enumerate(zip(keys, values, strict=True), start=1):
        name = str(key).strip()
        if str(labels.setdefault(name, value)) != str(value):
            raise DataError(
                f"The label table {path}, row {row}: {name!r} has the labels {labels[name]!r} and {value!r}.",
                "Keep the rows of one measurement (one drug, one method). If a spreadsheet has shortened ids that look "
                "like numbers (562.10 to 562.1), export the table again with ids as text.",
            )
    missing = [row for row, name in enumerate(ids, start=1) if name not in labels]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(ids)} genes are not in the label table {path}: "
            f"{_list([f'{ids[row - 1]} (row {row})' for row in missing])}. Ids found there: {_list(list(labels))}.",
            "Add them, remove their genes, or correct the ids (--id-column).",
        )
    return [labels[name] for name in ids]


def _list(names: Sequence[str]) -> str:
    """Names the first few."""
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return ", ".join([repr(name[:_LONGEST_NAME]) for name in names[:_MOST_NAMES]] + more) or "none"
