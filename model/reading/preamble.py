"""What may stand above a table of text, or be missing there: taken away or filled in, so that a header comes first.

Lines that are taken away become blank ones, so that the table's lines keep their numbers.
"""

import csv
import io
import itertools
import re

from model.reading.source import BYTE_ORDER_MARK

# Excel's first line that names the delimiter.
_SEPARATOR = re.compile(rb"\s*\"?sep=.\"?[ \t]*(?=\r|\n|\Z)", re.IGNORECASE)
_COMMENT = re.compile(rb"\s*#[^\r\n]*")
_HEADER = re.compile(rb"\s*([^\r\n]+)")
_DELIMITERS = "\t,;|"
#: R's word for the names of rows.
_ROW_NAMES = "row.names"
_LOOKED_AT = 5


def without_preamble(data: bytes) -> bytes:
    """Blanks out a line `sep=;` and comments before the header, and names R's row names where the header does not.

    R's `write.table` writes a name for every column but that of the row names, so each row has one value more.

    Args:
        data: The file's bytes, UTF-8.
    """
    begin = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
    end = begin
    if separator := _SEPARATOR.match(data, end):
        end = separator.end()
    while comment := _COMMENT.match(data, end):
        end = comment.end()
    table = memoryview(data)[end:]
    blank = re.sub(rb"[^\r\n]", b"", data[begin:end])
    delimiter = _delimiter(table)
    if delimiter is None or not _lacks_a_name(table, delimiter):
        return data if end == 0 else blank + table
    header = _HEADER.match(table)
    start = header.start(1) if header else 0
    return b"".join([blank, table[:start], (_ROW_NAMES + delimiter).encode(), table[start:]])


def _delimiter(table: memoryview) -> str | None:
    header = _HEADER.match(table)
    counts = {delimiter: header[1].count(delimiter.encode()) for delimiter in _DELIMITERS} if header else {"": 0}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else None


def _lacks_a_name(table: memoryview, delimiter: str) -> bool:
    """Says whether the first rows have one value more than the header, and no mere delimiter at their ends."""
    text = io.TextIOWrapper(io.BytesIO(table), encoding="utf-8", newline="")
    try:
        records = csv.reader(text, delimiter=delimiter)
        header, *rows = itertools.islice((record for record in records if record), _LOOKED_AT + 1)
    except (csv.Error, ValueError):  # what is wrong with the text, its reader says
        return False
    return bool(rows) and all(len(row) == len(header) + 1 for row in rows) and any(row[-1] for row in rows)
