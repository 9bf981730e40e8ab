"""Tables as CSV whose every row is one row to whoever reads them, whatever the ids hold."""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO


def write_rows(file: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a header and rows; lines end in a line feed.

    Args:
        file: Opened with newline="".
        header: Names of the columns.
        rows: One value for each of them.
    """
    plain = csv.writer(file, lineterminator="\n")
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(header)
    for row in rows:
        # The module leaves a carriage return without quotes where lines end otherwise (before Python 3.13).
        (quoted if any("\r" in str(value) for value in row) else plain).writerow(row)
