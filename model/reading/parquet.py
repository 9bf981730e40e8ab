"""Parquet tables."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import DataError
from model.reading.arrow import FIRST, first_values, to_list
from model.reading.memory import check_content
from model.reading.table import Table

#: Bytes that a row takes in each column at least.
_INDEX = 4
#: What a file that is no Parquet, or a damaged one, raises; ValueError where it has text that is no UTF-8.
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError)


def open_parquet(data: bytes, path: Path) -> Table:
    """Opens a Parquet file.

    Raises:
        DataError: The file is damaged.
    """
    try:
        schema = pq.ParquetFile(pa.BufferReader(data)).schema_arrow
        names = tuple(schema.names)
        # As dictionaries, texts that repeat are not repeated in memory before their size is known.
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    except _DAMAGED as error:
        raise _damaged(path, error) from error

    def read(wanted: Sequence[str]) -> list[list[object]]:
        check_content(_unpacked(file.metadata, len(wanted)), f"{path}")
        try:
            table = file.read(columns=list(wanted))
            columns = [table[name] for name in wanted]
        except _DAMAGED as error:
            raise _damaged(path, error) from error
        return [to_list(column, name, path) for column, name in zip(columns, wanted, strict=True)]

    def first(wanted: Sequence[str]) -> list[list[object]]:
        check_content(_unpacked(file.metadata, len(wanted)), f"{path}")
        try:
            batch = next(file.iter_batches(FIRST, columns=list(wanted)), None)
            return [[] for _ in wanted] if batch is None else first_values(batch, wanted)
        except _DAMAGED as error:
            raise _damaged(path, error) from error

    return Table(names, read, first=first)


def _unpacked(metadata: pq.FileMetaData, columns: int) -> int:
    """Gives the size of a file as its pages are unpacked, in bytes, as it states it.

    Of all columns: asking for one alone ends the process where a file states sizes of text for a column of numbers. A
    page of one number holds it for as many rows as it likes, and each becomes an index at least.
    """
    pages = sum(int(metadata.row_group(number).total_byte_size) for number in range(metadata.num_row_groups))
    return max(pages, _INDEX * int(metadata.num_rows) * columns)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"The Parquet file {path} cannot be read: {str(error)[:200]}", "Write it again.")
