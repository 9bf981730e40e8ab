"""Genes as Parquet bytes and back: what a study keeps of its data. Nothing is pickled.

The same genes give the same bytes (under one version of pyarrow), so they can be addressed by their digest. What they
unpack to is bounded, for whoever writes to the artifacts may have written these.
"""

from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from model.alphabet import Alphabet, count_ambiguous
from model.errors import DataError
from model.genes import Genes
from model.reading.arrow import unpacked_size

_ALPHABET = b"hpo:alphabet"
_TYPES = {"id": pa.string(), "sequence": pa.string(), "resistant": pa.bool_(), "fold": pa.int16()}
_TEXTS = ("id", "sequence")
_INDEX = 4
#: Bytes that any stored genes may unpack to; and how many times their own where that is more.
_MOST, _TIMES = 2 * 2**30, 100


def to_bytes(genes: Genes, folds: NDArray[np.int64] | None = None) -> bytes:
    """Writes genes, and the fold of each row where there is one, as Parquet.

    Args:
        genes: N rows; without labels the column `resistant` is left out.
        folds: [N], small integers, or None.

    Raises:
        DataError: They are too many and too alike: `from_bytes` would refuse to unpack them.
    """
    values = {"id": genes.ids, "sequence": genes.sequences, "resistant": genes.labels, "fold": folds}
    columns = {name: pa.array(column, _TYPES[name]) for name, column in values.items() if column is not None}
    table = pa.table(columns).replace_schema_metadata({_ALPHABET: genes.alphabet.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data = bytes(sink.getvalue().to_pybytes())
    _check_size(table.nbytes, len(data))
    return data


def from_bytes(data: bytes) -> tuple[Genes, NDArray[np.int64] | None]:
    """Reads what `to_bytes` wrote.

    Returns:
        The genes and the fold of each row [N], or None where no folds were written.

    Raises:
        DataError: The bytes are damaged or not a snapshot, or unpack to more than any genes that were read.
    """
    try:
        table = _table(data)
        alphabet = (table.schema.metadata or {})[_ALPHABET].decode()
        # Decoded as a whole: text by text takes twice as long.
        ids, sequences = (table[name].cast(pa.large_string()).to_pylist() for name in _TEXTS)
        if alphabet not in get_args(Alphabet):
            raise ValueError(f"the alphabet is {alphabet[:40]!r}")
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(f"The stored genes are not readable: {str(error)[:200]}", "Create the study again.") from error
    labels = _column(table, "resistant")
    folds = _column(table, "fold")
    genes = Genes(
        ids=ids,
        sequences=sequences,
        labels=None if labels is None else labels.astype(np.bool_),
        alphabet=alphabet,
        ambiguous_letters=count_ambiguous(sequences, alphabet),
    )
    return genes, None if folds is None else folds.astype(np.int64)


def _table(data: bytes) -> pa.Table:
    """Reads the columns, of the types that they were written with and without gaps."""
    schema = pq.read_schema(pa.BufferReader(data))
    for field in schema:
        if _TYPES.get(field.name) != field.type:
            raise ValueError(f"column {field.name[:40]!r} is of type {str(field.type)[:40]}")
    # As dictionaries, texts that repeat are not repeated in memory before their size is known.
    file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=[name for name in _TEXTS if name in schema.names])
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    # A page of one number holds it for as many rows as it likes, and each becomes an index at least.
    indices = _INDEX * int(file.metadata.num_rows) * len(schema)
    _check_size(max(indices, sum(int(group.total_byte_size) for group in groups)), len(data))
    table = file.read()
    if any(column.null_count for column in table.columns):
        raise ValueError("a value is missing")
    _check_size(sum(unpacked_size(chunk) for name in _TEXTS for chunk in table[name].chunks), len(data))
    return table


def _check_size(size: int, packed: int) -> None:
    most = max(_MOST, _TIMES * packed)
    if size > most:
        raise DataError(
            f"The stored genes unpack to {size:,} bytes; {most:,} are allowed.",
            "Make a study of fewer rows: of many copies of a gene, some say as much as all.",
        )


def _column(table: pa.Table, name: str) -> NDArray[np.generic] | None:
    if name not in table.column_names:
        return None
    values: NDArray[np.generic] = table[name].to_numpy()
    return values
