"""CSV, TSV and tables of semicolons or bars, through pyarrow. Every value stays text."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow

from model.errors import DataError
from model.reading.source import BYTE_ORDER_MARK
from model.reading.table import Table

_HEADER = re.compile(rb"(?:[ \t]*[\r\n]+)*([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_BLANK = re.compile(rb"\s*\Z")
_TAB_SUFFIXES = (".tsv", ".tab")
# No row may be longer than a block.
_BLOCK = 16 * 2**20


def open_delimited(data: bytes, path: Path) -> Table:
    """Opens a table of text whose first line names the columns.

    Args:
        data: The file's bytes, UTF-8.
        path: Its name decides the delimiter where the header line has only one column.

    Raises:
        DataError: The text is not UTF-8.
    """
    header = _HEADER.match(data, len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0)
    try:
        line = header[1].decode("utf-8") if header else ""
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    delimiter = _delimiter(line, path)
    names = tuple(next(csv.reader([line], delimiter=delimiter), []))
    body = pa.py_buffer(data)[header.end() if header else 0 :]

    def read(wanted: Sequence[str]) -> list[list[object]]:
        return _read(body, len(names), [names.index(name) for name in wanted], delimiter)

    return Table(names, read)


def _delimiter(header: str, path: Path) -> str:
    counts = {delimiter: header.count(delimiter) for delimiter in "\t,;|"}
    if any(counts.values()):
        return max(counts, key=counts.__getitem__)
    suffixes = {suffix.lower() for suffix in path.suffixes}
    return "\t" if suffixes.intersection(_TAB_SUFFIXES) else ","


def _read(body: pa.Buffer, width: int, wanted: list[int], delimiter: str) -> list[list[object]]:
    """Reads the columns with these numbers; pyarrow knows the columns by number, so names may repeat."""
    if _BLANK.match(body):
        return [[] for _ in wanted]
    ragged: list[arrow.InvalidRow] = []

    def note(row: arrow.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    columns = [str(number) for number in wanted]
    try:
        table = arrow.read_csv(
            pa.BufferReader(body),
            # One thread, because only then pyarrow can number the rows.
            read_options=arrow.ReadOptions(
                column_names=[str(number) for number in range(width)], block_size=_BLOCK, use_threads=False
            ),
            parse_options=arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
            convert_options=arrow.ConvertOptions(
                include_columns=columns, column_types=dict.fromkeys(columns, pa.string())
            ),
        )
    except pa.ArrowInvalid as error:
        raise _refusal(ragged, error) from error
    return [table[column].to_pylist() for column in columns]


def _refusal(ragged: list[arrow.InvalidRow], error: Exception) -> DataError:
    if ragged:
        row = ragged[0]
        return DataError(
            f"Row {row.number}: {row.actual_columns} column(s), but the header has {row.expected_columns}.",
            "Correct the row; a value that holds the delimiter must stand in quotes.",
        )
    return DataError(f"The table cannot be read: {str(error)[:200]}", "Save it as UTF-8 text with one header line.")
