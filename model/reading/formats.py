"""From a file to a table: the format is told by the bytes."""

from pathlib import Path

from model.reading.delimited import open_delimited
from model.reading.fasta import open_fasta
from model.reading.parquet import open_parquet
from model.reading.pickled import open_pickled
from model.reading.source import format_of, read_bytes
from model.reading.table import Table


def open_table(path: Path, label_key: str | None = None) -> Table:
    """Opens a file of any known format.

    Args:
        path: The file, gzipped or not.
        label_key: For FASTA: the key of the label in headers.

    Raises:
        DataError: The file is not there, damaged, or of an unknown format.
    """
    data = read_bytes(path)
    match format_of(data, path):
        case "npy":
            return open_pickled(data, path)
        case "parquet":
            return open_parquet(data, path)
        case "fasta":
            return open_fasta(data, path, label_key)
        case "delimited":
            return open_delimited(data, path)
