"""Parquet tables."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import DataError
from model.reading.table import Table

#: Rows that are read to see what a column holds.
_FIRST = 200


def open_parquet(data: bytes, path: Path) -> Table:
    """Opens a Parquet file.

    Raises:
        DataError: The file is damaged.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error

    def read(wanted: Sequence[str]) -> list[list[object]]:
        try:
            table = file.read(columns=list(wanted))
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        return [table[name].to_pylist() for name in wanted]

    def first(wanted: Sequence[str]) -> list[list[object]]:
        try:
            batch = next(file.iter_batches(_FIRST, columns=list(wanted)), None)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        return [[] if batch is None else batch[name].to_pylist() for name in wanted]

    return Table(tuple(file.schema_arrow.names), read, first=first)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"The Parquet file {path} cannot be read: {str(error)[:200]}", "Write it again.")
