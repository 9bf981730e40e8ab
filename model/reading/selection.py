"""Rows that the user chose by what another column holds: `--where antibiotic=ciprofloxacin`."""

from collections import Counter
from collections.abc import Mapping, Sequence

from model.errors import DataError
from model.reading.columns import find_named, listed, normal
from model.reading.table import Table

_MOST_VALUES = 10
_LONGEST_VALUE = 40


def conditions(where: Mapping[str, str], table: Table) -> dict[str, str]:
    """Returns the conditions that are about columns of this table, by the columns' names as they stand there.

    Raises:
        DataError: Several columns have the name.
    """
    there = {normal(name) for name in table.names}
    return {
        find_named(table, name, "chosen", "--where"): value for name, value in where.items() if normal(name) in there
    }


def check_known(where: Mapping[str, str], tables: Sequence[Table]) -> None:
    """Refuses conditions on columns that no table has.

    Raises:
        DataError: Naming the columns that are there.
    """
    for name in where:
        if [normal(other) for other in where].count(normal(name)) > 1:
            raise DataError(f"--where names column {name!r} twice.", "Keep one of them.")
        if not any(conditions({name: ""}, table) for table in tables):
            found = "; ".join(listed(table) for table in tables)
            raise DataError(f"--where {name}: there is no such column. Columns found: {found}.", "Correct --where.")


def select(where: Mapping[str, str], values: Sequence[Sequence[object]], rows: int) -> list[bool]:
    """Tells which rows meet all conditions; case and blanks around values do not matter.

    Args:
        where: From `conditions`.
        values: Of each of these columns. Each of length N.
        rows: N.

    Raises:
        DataError: No row meets a condition; names what the column holds.
    """
    chosen = [True] * rows
    for (name, wanted), column in zip(where.items(), values, strict=True):
        meets = [_normal(value) == _normal(wanted) for value in column]
        if not any(meets):
            raise DataError(
                f"--where {name}={wanted}: no row has this value. The column holds {_held(column)}.", "Correct --where."
            )
        chosen = [before and now for before, now in zip(chosen, meets, strict=True)]
    if rows and not any(chosen):
        raise DataError("No row meets all conditions of --where.", "Leave out one of them.")
    return chosen


def in_words(where: Mapping[str, str]) -> str:
    """Writes why a row was left out."""
    return " or ".join(f"{name} is not {value}" for name, value in where.items())


def _held(column: Sequence[object]) -> str:
    counts = Counter("" if value is None else str(value).strip() for value in column)
    shown = [f"{value[:_LONGEST_VALUE]!r} {rows:,}" for value, rows in counts.most_common(_MOST_VALUES)]
    more = [f"and {len(counts) - _MOST_VALUES:,} others"] if len(counts) > _MOST_VALUES else []
    return ", ".join(shown + more)


def _normal(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers in which some are missing
    return "" if value is None else str(value).strip().casefold()
