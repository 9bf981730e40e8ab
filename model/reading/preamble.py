"""What may stand above a table of text, or be missing there: taken away or filled in, so that a header comes first.

A comment is a line that begins with #; the last one may be the header itself, as NCBI writes it (#id, sequence, ...).

Lines that are taken away become blank ones, so that the table's lines keep their numbers.
"""

import csv
import io
import itertools
import re
from typing import Literal

from model.reading.columns import is_sequence_name, is_usual
from model.reading.kinds import kind_of
from model.reading.source import BYTE_ORDER_MARK

# Excel's first line that names the delimiter.
_SEPARATOR = re.compile(rb"\s*\"?sep=.\"?[ \t]*(?=\r|\n|\Z)", re.IGNORECASE)
_COMMENT = re.compile(rb"\s*#([^\r\n]*)")
_HEADER = re.compile(rb"\s*([^\r\n]+)")
_DELIMITERS = "\t,;|"
# No name of a column has so many letters in one word.
_SEQUENCE = re.compile(rb"[A-Za-z*-]{20}")
#: R's word for the names of rows.
_ROW_NAMES = "row.names"
#: Rows, and bytes, that are looked at.
_LOOKED_AT = 5
_LOOK = 2**20


def without_preamble(data: bytes) -> bytes:
    """Blanks out a line `sep=;` and comments before the header, and completes a header that has one name too few.

    R's `write.table` writes a name for every column but that of the row names, so each row has one value more. Other
    programs end each row with a delimiter, but not the header.

    Args:
        data: The file's bytes, UTF-8.
    """
    begin = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
    end = begin
    if separator := _SEPARATOR.match(data, end):
        end = separator.end()
    last = None
    while comment := _COMMENT.match(data, end):
        last, end = comment, comment.end()
    if last is not None and _is_header(last[1], data, end):
        end = last.start(1)
    table = memoryview(data)[end:]
    blank = re.sub(rb"[^\r\n]", b"", data[begin:end])
    delimiter = _delimiter(table)
    lacking = None if delimiter is None else _lacking_name(table, delimiter)
    header = _HEADER.match(table)
    if lacking is None or delimiter is None or header is None:
        return data if end == 0 else blank + table
    place, name = (header.start(1), _ROW_NAMES + delimiter) if lacking == "first" else (header.end(1), delimiter)
    return b"".join([blank, table[:place], name.encode(), table[place:]])


def _is_header(comment: bytes, data: bytes, end: int) -> bool:
    """Says whether the last comment names the columns: as many as the line below has values, and that is no header.

    It is none where it holds a sequence, or where the comment has a usual name of a column.
    """
    row = _HEADER.match(data, end)
    delimiter = _delimiter(memoryview(comment))
    if row is None or delimiter is None:
        return False
    words = [comment.decode("utf-8", "replace"), row[1].decode("utf-8", "replace")]
    named, below = (any(is_usual(word.strip(' "')) for word in line.split(delimiter)) for line in words)
    if not _SEQUENCE.search(row[1]) and (below or not named):
        return False
    return row[1].count(delimiter.encode()) == comment.count(delimiter.encode())


def _delimiter(table: memoryview) -> str | None:
    header = _HEADER.match(table)
    counts = {delimiter: header[1].count(delimiter.encode()) for delimiter in _DELIMITERS} if header else {"": 0}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else None


def _lacking_name(table: memoryview, delimiter: str) -> Literal["first", "last"] | None:
    """Says which column's name the header lacks, where the first rows have one value more: the last if it is empty."""
    text = io.TextIOWrapper(io.BytesIO(table[:_LOOK]), encoding="utf-8", newline="")
    try:
        records = csv.reader(text, delimiter=delimiter)
        header, *rows = itertools.islice(filter(None, records), _LOOKED_AT + 1)
    except (csv.Error, ValueError):  # what is wrong with the text, its reader says
        return None
    if not rows or any(len(row) != len(header) + 1 for row in rows):
        return None
    if not any(row[-1] for row in rows):
        return "last"
    return "first" if _are_row_names(header, rows) else None


def _are_row_names(header: list[str], rows: list[list[str]]) -> bool:
    """Says whether the first column is R's and not the first of the header: numbered, or all else would be amiss."""
    if [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]:
        return True
    columns = list(zip(*rows, strict=True))
    places = [place for place, name in enumerate(header) if is_sequence_name(name)]
    return any(kind_of(columns[one + 1]) == "long" != kind_of(columns[one]) for one in places)
