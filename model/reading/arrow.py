"""Feather and Arrow tables, in Arrow's format of files and in that of streams; and how Arrow's columns become lists."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from model.errors import DataError
from model.reading.memory import check_content
from model.reading.table import Table

#: Rows that are read to see what a column holds.
FIRST = 200
#: Text that is not UTF-8, a time that Python's cannot express, ...
_UNREADABLE = (ValueError, OverflowError, TypeError, pa.ArrowException)
#: What a list takes for each row at least, in bytes.
_POINTER = 8
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def open_arrow(data: bytes, path: Path, stream: bool) -> Table:
    """Opens an Arrow table.

    Args:
        data: The file's bytes.
        path: For messages.
        stream: Whether it is in the format of streams, as Hugging Face writes it, or in that of files (Feather).

    Raises:
        DataError: The file is damaged.
    """
    try:
        source = pa.BufferReader(data)
        table = (pa.ipc.open_stream(source) if stream else pa.ipc.open_file(source)).read_all()
        # Offsets that point elsewhere would be followed.
        table.validate(full=True)
        names = tuple(table.column_names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"The Arrow file {path} cannot be read: {str(error)[:200]}", "Write it again.") from error

    def read(wanted: Sequence[str]) -> list[list[object]]:
        return [to_list(table.column(name), name, path) for name in wanted]

    return Table(names, read, first=lambda wanted: first_values(table.slice(0, FIRST), wanted))


def first_values(rows: pa.Table | pa.RecordBatch, names: Sequence[str]) -> list[list[object]]:
    """Gives values that show what columns hold; of a column that cannot be read, one that is neither text nor number.

    Args:
        rows: The first of a table.
        names: Of the columns.
    """
    found: list[list[object]] = []
    for name in names:
        try:
            found.append(rows.column(name).to_pylist())
        except _UNREADABLE:
            found.append([()])
    return found


def to_list(column: pa.ChunkedArray, name: str, path: Path) -> list[object]:
    """Gives the values of a column.

    Args:
        column: Of N values; a dictionary may hold few texts for many rows.
        name: For messages.
        path: For messages.

    Raises:
        DataError: The values are lists or the like, cannot be read, or need more memory than is unpacked of any file.
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_nested(kind) or pa.types.is_run_end_encoded(kind):
        raise DataError(f"{path}: column {name!r} holds {str(kind)[:60]}.", "Write it as text or plain numbers.")
    try:
        check_content(sum(map(unpacked_size, column.chunks)), f"column {name!r} of {path}")
        values: list[object] = column.to_pylist()
    except _UNREADABLE as error:
        raise DataError(
            f"{path}: column {name!r} holds a value that cannot be read: {str(error)[:100]}.",
            "Write it as text in UTF-8, or plain numbers.",
        ) from error
    return values


def unpacked_size(chunk: pa.Array) -> int:
    """Returns the bytes that a part of a column takes with each of its texts as often as it is there.

    Args:
        chunk: Of N values; of a dictionary, few texts may stand for many rows.
    """
    pointers = _POINTER * len(chunk)
    if not pa.types.is_dictionary(chunk.type):
        return max(int(chunk.nbytes), pointers)
    words = chunk.dictionary.type
    if not any(is_text(words) for is_text in _TEXTS):
        return 2 * pointers
    lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
    return pointers + int(pc.sum(lengths.take(chunk.indices)).as_py() or 0)
