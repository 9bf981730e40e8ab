"""Parquet tables."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import DataError
from model.reading.arrow import FIRST, first_values, to_list
from model.reading.memory import check_content
from model.reading.table import Table


def open_parquet(data: bytes, path: Path) -> Table:
    """Opens a Parquet file.

    Raises:
        DataError: The file is damaged.
    """
    try:
        schema = pq.ParquetFile(pa.BufferReader(data)).schema_arrow
        # As dictionaries, texts that repeat are not repeated in memory before their size is known.
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error

    def read(wanted: Sequence[str]) -> list[list[object]]:
        check_content(_unpacked(file.metadata, wanted), f"{path}")
        try:
            table = file.read(columns=list(wanted))
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        return [to_list(table[name], name, path) for name in wanted]

    def first(wanted: Sequence[str]) -> list[list[object]]:
        try:
            batch = next(file.iter_batches(FIRST, columns=list(wanted)), None)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        return [[] for _ in wanted] if batch is None else first_values(batch, wanted)

    return Table(tuple(schema.names), read, first=first)


def _unpacked(metadata: pq.FileMetaData, wanted: Sequence[str]) -> int:
    """Gives the size of columns as their pages are unpacked, in bytes, as the file states it."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    return sum(int(column.total_uncompressed_size) for column in columns if column.path_in_schema in wanted)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"The Parquet file {path} cannot be read: {str(error)[:200]}", "Write it again.")
