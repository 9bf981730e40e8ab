"""Reading genes and their labels from files of every format that `model.reading.formats` knows, packed or not."""

from dataclasses import replace
from pathlib import Path

from model.alphabet import AlphabetOrAuto, clean, count_ambiguous
from model.errors import DataError
from model.genes import Genes
from model.reading import columns
from model.reading.formats import open_table
from model.reading.label_table import look_up
from model.reading.labels import Labelling, parse_labels

__all__ = ["Labelling", "read_genes"]


def read_genes(
    path: str | Path,
    *,
    sequence_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    labels_path: str | Path | None = None,
    alphabet: AlphabetOrAuto = "auto",
    labelling: Labelling | None = None,
    header_labels: bool = False,
    require_labels: bool = True,
) -> Genes:
    """Reads genes and their labels from a file of any format that is known; its bytes tell which.

    Rows are counted from 1 in messages, the header not included.

    Args:
        path: The file.
        sequence_column: Name of the column of sequences; by default found by its usual names.
        label_column: Name of the column of labels, in the label table where there is one. In FASTA, the key of
            `key=value` in the header.
        id_column: Name of the column of ids, likewise; without ids, rows are named by their number.
        labels_path: A table of ids and labels, for files that have none of their own.
        alphabet: "dna", "protein", or "auto" to decide by the letters.
        labelling: What the user says of labels.
        header_labels: Whether the last word or bar field of a FASTA header is its label.
        require_labels: If False, labels are read only where `label_column` or `labels_path` asks for them.

    Raises:
        DataError: The file or one of its rows cannot be used; says which and why.
    """
    if header_labels:
        _check_one_place(label_column, labels_path)
    table = open_table(Path(path), label_column, header_labels)
    labelled = require_labels or label_column is not None or labels_path is not None
    wanted = [columns.sequence_column(table, sequence_column)]
    if labelled and labels_path is None:
        wanted.append(columns.label_column(table, label_column))
    own_id = id_column if labels_path is None or id_column in table.names else None
    named = columns.id_column(table, own_id)
    if named is not None:
        wanted.append(named)
    columns.check_apart(table, wanted)
    texts, *others = table.read(wanted)
    if not texts:
        raise DataError(f"{path} has no rows.", "Give a file with genes.")
    ids = _ids(others.pop() if named is not None else [None] * len(texts))
    sequences, known = clean(_texts(texts), alphabet)
    del texts
    genes = Genes(ids, sequences, None, known, count_ambiguous(sequences, known))
    if not labelled:
        return genes
    if labels_path is None:
        return _label(genes, others[0], labelling)
    return _label(genes, look_up(ids, Path(labels_path), label_column, id_column), labelling)


def _ids(values: list[object]) -> list[str]:
    """Names every row: as its id says, or by its number where it has none."""
    return [
        str(row) if value is None or not str(value).strip() else str(value).strip()
        for row, value in enumerate(values, start=1)
    ]


def _texts(values: list[object]) -> list[str]:
    """Makes sure that sequences are text."""
    for row, value in enumerate(values, start=1):
        if value is None:
            raise DataError(f"Row {row}: the sequence is missing.", "Remove the row, or fill it in.")
        if not isinstance(value, str | bytes):
            raise DataError(
                f"Row {row}: the sequence is not text but {str(value)[:40]!r}.",
                "Choose the column of sequences with --sequence-column.",
            )
    return [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in values]


def _check_one_place(label_column: str | None, labels_path: str | Path | None) -> None:
    """Refuses another place of labels beside the ends of FASTA headers."""
    other = "--labels" if labels_path is not None else "--label-column" if label_column is not None else None
    if other is not None:
        raise DataError(
            f"--header-labels and {other} name two places of labels.",
            f"Leave out --header-labels where labels stand where {other} says, else {other}.",
        )


def _label(genes: Genes, values: list[object], labelling: Labelling | None) -> Genes:
    read = parse_labels(values, labelling)
    if not read.kept.any():
        raise DataError(
            f"All {len(genes)} rows have labels that were to be dropped.",
            "Choose otherwise with --intermediate or --label-words.",
        )
    labelled = replace(genes, labels=read.resistant)
    return replace(labelled if read.kept.all() else labelled.subset(read.kept), label_words=read.words)
