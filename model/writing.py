"""Genes as a file, in the format that its name says, with the columns id, sequence and resistant."""

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import DataError
from model.genes import Genes

Row = tuple[str, str, int]

_NAMES = ("id", "sequence", "resistant")


def write_genes(genes: Genes, path: str | Path) -> None:
    """Writes genes with their labels; the same genes give the same bytes.

    Args:
        genes: With labels.
        path: Its ending says the format: .csv, .tsv, .fasta (or .fa), .parquet, or .npy (the original's pickled
            form, genes and labels only); with .gz behind it the file is gzipped.

    Raises:
        DataError: The ending is none of these, or the file cannot be written.
    """
    path = Path(path)
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    writer = _WRITERS.get(suffix.lower())
    if writer is None:
        raise DataError(
            f"{path.name} does not say a format that is known.",
            f"Let it end in {', '.join(_WRITERS)}, each also with .gz.",
        )
    if genes.labels is None:
        raise DataError("Genes without labels cannot be written.", "Read them with their labels.")
    labels = genes.labels.astype(int).tolist()
    data = writer(list(zip(genes.ids, genes.sequences, labels, strict=True)))
    if path.suffix.lower() == ".gz":
        data = gzip.compress(data, mtime=0)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}.", "Choose another place.") from error


def _csv(rows: list[Row]) -> bytes:
    return _delimited(rows, ",")


def _tsv(rows: list[Row]) -> bytes:
    return _delimited(rows, "\t")


def _delimited(rows: list[Row], delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(_NAMES)
    writer.writerows(rows)
    return text.getvalue().encode()


def _fasta(rows: list[Row]) -> bytes:
    return "".join(f">{name} resistant={label}\n{sequence}\n" for name, sequence, label in rows).encode()


def _npy(rows: list[Row]) -> bytes:
    data = io.BytesIO()
    content = {"genes": [row[1] for row in rows], "resistant": [bool(row[2]) for row in rows]}
    np.save(data, np.array(content, dtype=object), allow_pickle=True)
    return data.getvalue()


def _parquet(rows: list[Row]) -> bytes:
    columns = dict(zip(_NAMES, map(list, zip(*rows, strict=True)), strict=True))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


_WRITERS: dict[str, Callable[[list[Row]], bytes]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".fasta": _fasta,
    ".fa": _fasta,
    ".parquet": _parquet,
    ".npy": _npy,
}
