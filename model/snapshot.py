"""Genes as Parquet bytes and back: what a study keeps of its data. Nothing is pickled.

The same genes give the same bytes (under one version of pyarrow), so they can be addressed by their digest.
"""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from model.alphabet import count_ambiguous
from model.errors import DataError
from model.genes import Genes

_ALPHABET = b"hpo:alphabet"


def to_bytes(genes: Genes, folds: NDArray[np.int64] | None = None) -> bytes:
    """Writes genes, and the fold of each row where there is one, as Parquet.

    Args:
        genes: N rows; without labels the column `resistant` is left out.
        folds: [N], small integers, or None.
    """
    columns = {"id": pa.array(genes.ids, pa.string()), "sequence": pa.array(genes.sequences, pa.string())}
    if genes.labels is not None:
        columns["resistant"] = pa.array(genes.labels, pa.bool_())
    if folds is not None:
        columns["fold"] = pa.array(folds, pa.int16())
    table = pa.table(columns).replace_schema_metadata({_ALPHABET: genes.alphabet.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def from_bytes(data: bytes) -> tuple[Genes, NDArray[np.int64] | None]:
    """Reads what `to_bytes` wrote.

    Returns:
        The genes and the fold of each row [N], or None where no folds were written.

    Raises:
        DataError: The bytes are damaged or not a snapshot.
    """
    try:
        table = pq.read_table(pa.BufferReader(data))
        alphabet = (table.schema.metadata or {})[_ALPHABET].decode()
        ids, sequences = table["id"].to_pylist(), table["sequence"].to_pylist()
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError(f"The stored genes are not readable: {error}", "Create the study again.") from error
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


def _column(table: pa.Table, name: str) -> NDArray[np.generic] | None:
    if name not in table.column_names:
        return None
    values: NDArray[np.generic] = table[name].to_numpy()
    return values
