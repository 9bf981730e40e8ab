"""CSV, TSV and tables of semicolons or bars, through Python's csv module where quotes matter. Every value stays text.

No line is ever lost: a quotation mark that opens a value and does not close it would swallow the lines behind it, so it
is an error, and so is a value in quotes whose lines could just as well be rows.
"""

import csv
import io
import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from model.errors import DataError
from model.reading.plain_lines import read_plain
from model.reading.table import Table

#: The first line that is not blank.
_HEADER = re.compile(rb"(?:[ \t]*[\r\n]+)*([^\r\n]*)")
_DELIMITERS = "\t,;|"
_TAB_SUFFIXES = (".tsv", ".tab")
#: Rows that are read to see what a column holds.
_FIRST = 200
# Bytes that are looked at together for blank rows at the end of a table.
_END = 4096

#: The row that a spreadsheet shows, and the first line of the text, both from 1, and a record's values.
_Record = tuple[int, int, list[str]]


def open_delimited(data: bytes, path: Path) -> Table:
    """Opens a table of text whose first line names the columns.

    Args:
        data: The file's bytes, UTF-8.
        path: Its name decides the delimiter where the header line has only one column.

    Raises:
        DataError: The text is not UTF-8, or its header has an unclosed quotation mark.
    """
    delimiter = _delimiter(data, path)
    data = _without_blank_end(data, delimiter)
    _, line, header = next(_records(data, delimiter, path), (1, 1, []))

    def first(wanted: Sequence[str], most: int | None = _FIRST) -> list[list[object]]:
        return _read(_records(data, delimiter, path), [header.index(name) for name in wanted], most)

    def read(wanted: Sequence[str]) -> list[list[object]]:
        places = [header.index(name) for name in wanted]
        quickly = read_plain(data, delimiter, header, line, places) if len(header) > 1 else None
        return first(wanted, None) if quickly is None else quickly

    def rows(count: int) -> Sequence[int]:
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        if lines == line + count and b'"' not in data:
            return range(line + 1, lines + 1)
        return [row for row, _, _ in _records(data, delimiter, path)][1:]

    return Table(tuple(header), read, first=first, unit="row", rows=rows)


def _without_blank_end(data: bytes, delimiter: str) -> bytes:
    """Cuts rows of nothing but delimiters off the end, which spreadsheets write where cells were cleared."""
    blank, last = delimiter.encode() + b" \t\r\n", len(data)
    # The end alone is looked at: to strip the whole would copy it.
    while last and not (kept := data[max(last - _END, 0) : last].rstrip(blank)):
        last = max(last - _END, 0)
    if not last:
        return data
    end = data.find(b"\n", max(last - _END, 0) + len(kept))
    return data if end < 0 else data[: end + 1]


def _delimiter(data: bytes, path: Path) -> str:
    found = _HEADER.match(data)
    line = found[1] if found else b""
    counts = {delimiter: line.count(delimiter.encode()) for delimiter in _DELIMITERS}
    if any(counts.values()):
        return max(counts, key=counts.__getitem__)
    suffixes = {suffix.lower() for suffix in path.suffixes}
    return "\t" if suffixes.intersection(_TAB_SUFFIXES) else ","


def _read(records: Iterator[_Record], wanted: list[int], most: int | None) -> list[list[object]]:
    """Reads columns by their numbers, for names may repeat."""
    _, _, header = next(records, (1, 1, []))
    columns: list[list[object]] = [[] for _ in wanted]
    for row, line, values in itertools.islice(records, most):
        where = f"Row {row}" if row == line else f"Row {row} (line {line} of the text)"
        if len(values) != len(header):
            raise DataError(
                f"{where}: {len(values)} column(s), but the header has {len(header)}.",
                "Correct the row; a value that holds the delimiter must stand in quotes.",
            )
        if values == header:
            raise DataError(f"{where} repeats the header.", "Remove the row: tables put together need one header.")
        for column, number in zip(columns, wanted, strict=True):
            column.append(values[number])
    return columns


def _records(data: bytes, delimiter: str, path: Path) -> Iterator[_Record]:
    """Gives every record, the header first; blank lines are none. Line breaks inside values begin no row."""
    # A gene may be longer than the 131,072 characters that the module takes for a mistake.
    csv.field_size_limit(sys.maxsize)
    # Lines that end in a carriage return alone are an old Macintosh's; beside others it is an error.
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="\n" if b"\n" in data else "\r")
    lines: list[str] = []
    reader = csv.reader(_noted(text, lines), delimiter=delimiter, strict=True)
    width = inside = 0
    while True:
        lines.clear()
        began = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise _broken(began, lines, error) from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
        if values is None:
            return
        row = began - inside
        inside += len(lines) - 1
        if not values or (width != 1 and len(values) == 1 and not lines[0].strip()):
            continue
        width = width or len(values)
        if len(lines) > 1 and all(line.count(delimiter) == width - 1 for line in lines if line.strip()):
            raise _could_be_rows(began, len(lines))
        yield row, began, values


def _noted(text: io.TextIOWrapper, lines: list[str]) -> Iterator[str]:
    """Gives the lines, and keeps those of the record at hand."""
    for line in text:
        lines.append(line)
        yield line


def _broken(began: int, lines: list[str], error: csv.Error) -> DataError:
    if not any('"' in line for line in lines):
        return DataError(
            f"Line {began}: a carriage return stands inside a value ({str(error)[:60]}).",
            "Save the table with one kind of line ends.",
        )
    return DataError(
        f"Line {began}: a value begins with a quotation mark that does not close where the value ends "
        f"({str(error)[:60]}); {len(lines)} line(s) were read as part of it.",
        'Take the quotation mark out, or put the whole value in quotes and double those inside ("3"" disk").',
    )


def _could_be_rows(began: int, count: int) -> DataError:
    return DataError(
        f"Lines {began} to {began + count - 1}: a quotation mark in the first of them closes in the last, yet each has "
        "all columns of the table, so they may be rows of their own.",
        "Take the quotation marks out, or write the value without line breaks.",
    )
