"""From a file to a table: the format is told by the bytes."""

from pathlib import Path

from model.errors import DataError
from model.reading.arrow import open_arrow
from model.reading.delimited import open_delimited
from model.reading.fasta import open_fasta
from model.reading.json_table import open_json
from model.reading.parquet import open_parquet
from model.reading.pickled import open_npy, open_npz, open_pickle
from model.reading.preamble import without_preamble
from model.reading.source import format_of, read_bytes
from model.reading.table import Table


def open_table(path: Path, label_key: str | None = None, header_labels: bool = False) -> Table:
    """Opens a file of any known format.

    Args:
        path: The file, packed or not.
        label_key: For FASTA: the key of the label in headers.
        header_labels: For FASTA: whether the last word or bar field of a header is its label.

    Raises:
        DataError: The file is not there, damaged, of an unknown format, or has no headers whose labels could be read.
    """
    data = read_bytes(path)
    kind = format_of(data, path)
    if header_labels and kind != "fasta":
        raise DataError(
            f"--header-labels is about the headers of FASTA, and {path} is not FASTA.",
            "Leave it out; --label-column names the column of labels.",
        )
    match kind:
        case "npy":
            return open_npy(data, path)
        case "npz":
            return open_npz(data, path)
        case "pickle":
            return open_pickle(data, path)
        case "parquet":
            return open_parquet(data, path)
        case "arrow file" | "arrow stream":
            return open_arrow(data, path, stream=kind == "arrow stream")
        case "json":
            return open_json(data, path)
        case "fasta":
            return open_fasta(data, path, label_key, header_labels)
        case "delimited":
            return open_delimited(without_preamble(data), path)
