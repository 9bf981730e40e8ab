"""Reading genes and their labels from files of every format that `model.reading.formats` knows, packed or not."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.alphabet import Alphabet, AlphabetOrAuto, count_ambiguous
from model.cleaning import Rules, clean, is_missing
from model.errors import DataError
from model.genes import Genes, Provenance
from model.reading import columns, selection
from model.reading.formats import open_table
from model.reading.label_table import look_up
from model.reading.labels import Labelling, find_unlabelled, parse_labels
from model.reading.memory import reading_within
from model.reading.table import Table

__all__ = ["Labelling", "read_genes"]


#: Letters of a value that show that it is no word.
_LOOK = 120


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
    rules: Rules | None = None,
    where: Mapping[str, str] | None = None,
    longest: int | None = None,
    expected: Alphabet | None = None,
    trained: Mapping[str, str] | None = None,
    genetic_code: int = 1,
    memory: int | None = None,
) -> Genes:
    """Reads genes and their labels from a file of any format that is known; its bytes tell which.

    Messages number the rows of a table of text as a spreadsheet shows them, the header being one, and records from 1.

    Args:
        path: The file.
        sequence_column: Name of the column of sequences; by default found by its usual names and what it holds.
        label_column: Name of the column of labels, in the label table where there is one. In FASTA, the key of
            `key=value` in the header.
        id_column: Name of the column of ids, likewise; without ids, rows are named by their number.
        labels_path: A table of ids and labels, for files that have none of their own.
        alphabet: "dna", "protein", or "auto" to decide by the letters.
        labelling: What the user says of labels.
        header_labels: Whether the last word or bar field of a FASTA header is its label.
        require_labels: If False, labels are read only where `label_column` or `labels_path` asks for them.
        rules: What is done with what cannot be read; by default it is refused.
        where: Values that other columns must have, of the file or of the label table; other rows are not read.
        longest: Letters that a sequence may have; by default ten times the median, and 5,000 in any case.
        expected: The alphabet of the model that the genes are for: "auto" takes it, and refuses rows of the other.
        trained: Columns ("sequence", "id") that the model was trained from: taken where they are there and the user
            names no others.
        genetic_code: NCBI's number, for stops in DNA.
        memory: Bytes that reading may take; by default 8 GiB, or four times the file where that is more.

    Raises:
        DataError: The file or one of its rows cannot be used; says which and why.
    """
    if header_labels:
        _check_one_place(label_column, labels_path)
    rules = rules or Rules()
    with reading_within(memory, *(Path(one) for one in (path, labels_path) if one is not None)):
        table = open_table(Path(path), label_column, header_labels)
        label_table = None if labels_path is None else open_table(Path(labels_path))
        selection.check_known(where or {}, [table, label_table] if label_table else [table])
        labelled = require_labels or label_column is not None or labels_path is not None
        sequence = sequence_column or table.only((trained or {}).get("sequence"))
        names = id_column or table.only((trained or {}).get("id"))
        chosen = _choose(table, sequence, label_column, names, labelled, labels_path is not None)
        wanted = {what: name for what, name in chosen.items() if name is not None}
        conditions = selection.conditions(where or {}, table)
        values = table.read([*wanted.values(), *conditions])
        if not values[0]:
            raise DataError(f"{path} has no rows.", "Give a file with genes.")
        chosen_rows = selection.select(conditions, values[len(wanted) :], len(values[0]))
        selected = [row for row, meets in enumerate(chosen_rows) if meets]
        every = table.numbers(len(values[0]))
        numbers = [every[row] for row in selected]
        read = dict(zip(wanted, values, strict=False))
        if len(selected) < len(values[0]):
            read = {what: [column[row] for row in selected] for what, column in read.items()}
        texts = _texts(read["sequence"], wanted["sequence"], numbers, table.unit)
        ids = _ids(read.get("id") or [None] * len(texts), selected)
        if label_table is not None:
            chosen["label"], read["label"] = look_up(
                ids,
                label_table,
                label_column=label_column,
                id_column=id_column,
                where=where,
                incomplete=rules.missing == "drop",
                places=[f"{table.unit} {number}" for number in numbers],
            )
    labels = read.get("label")
    unlabelled = [numbers[row] for row in find_unlabelled(labels or (), labelling)]
    cleaned = clean(
        texts,
        alphabet,
        rules,
        numbers=numbers,
        unit=table.unit,
        longest=longest,
        unlabelled=unlabelled,
        expected=expected,
        genetic_code=genetic_code,
    )
    left_out = len(values[0]) - len(selected)
    rows = np.flatnonzero(cleaned.kept)
    genes = Genes(
        ids=[ids[row] for row in rows],
        sequences=cleaned.sequences,
        labels=None,
        alphabet=cleaned.alphabet,
        ambiguous_letters=count_ambiguous(cleaned.sequences, cleaned.alphabet),
        provenance=Provenance(
            columns=chosen,
            ignored=tuple(name for name in table.names if name not in wanted.values()),
            where=dict(where or {}),
            rules=rules,
            changes=cleaned.changes.also_dropped(selection.in_words(conditions), left_out),
        ),
    )
    return (
        genes
        if labels is None
        else _label(genes, [labels[row] for row in rows], [numbers[row] for row in rows], labelling, table.unit)
    )


def _choose(
    table: Table,
    sequence: str | None,
    label: str | None,
    name: str | None,
    labelled: bool,
    elsewhere: bool,
) -> dict[str, str | None]:
    """Chooses the columns to read.

    Args:
        table: Where they stand.
        sequence: The column that the user names for sequences.
        label: Likewise, for labels.
        name: Likewise, for ids.
        labelled: Whether labels are read.
        elsewhere: Whether they stand in a table of their own, in which the user's columns may be.
    """
    own_id = name if not elsewhere or name in table.names else None
    own_label = None if elsewhere else label
    chosen = {
        "sequence": columns.sequence_column(table, sequence, [own_label, own_id]),
        "label": None,
        "id": columns.id_column(table, own_id),
    }
    if elsewhere and chosen["id"] is None:
        raise DataError(
            f"These genes have no ids, by which their labels could be found. Columns found: {columns.listed(table)}.",
            "Name the column of ids with --id-column.",
        )
    if labelled and not elsewhere:
        chosen["label"] = columns.label_column(table, own_label, taken=[chosen["sequence"], chosen["id"]])
    columns.check_apart(table, [name for name in chosen.values() if name is not None])
    return chosen


def _ids(values: list[object], rows: list[int]) -> list[str]:
    """Names every row: as its id says, or by its place among the rows of data, from 1, where it has none."""
    return [
        str(row + 1) if value is None or not str(value).strip() else _spelled(str(value).strip())
        for row, value in zip(rows, values, strict=True)
    ]


def _spelled(name: str) -> str:
    """Writes halves of surrogate pairs, which JSON may hold and no file of text can, by their numbers."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def _texts(values: list[object], column: str, numbers: list[int], unit: str) -> list[str | None]:
    """Makes sure that sequences are text, or missing."""
    texts: list[str | None] = []
    for row, value in zip(numbers, values, strict=True):
        if isinstance(value, str) and len(value) > _LOOK and len(value[:_LOOK].strip()) > _LOOK // 2:
            texts.append(value)  # too long for a word or a header
            continue
        if is_missing(value):
            texts.append(None)
            continue
        if not isinstance(value, str | bytes):
            raise DataError(
                f"{unit.capitalize()} {row}: the sequence is not text but {str(value)[:40]!r}.",
                "Choose the column of sequences with --sequence-column.",
            )
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if columns.is_header(text, column):
            raise DataError(
                f"{unit.capitalize()} {row} repeats a header: its sequence is {text.strip()[:40]!r}.",
                "Remove the row: tables put together need one header.",
            )
        texts.append(text)
    return texts


def _check_one_place(label_column: str | None, labels_path: str | Path | None) -> None:
    """Refuses another place of labels beside the ends of FASTA headers."""
    other = "--labels" if labels_path is not None else "--label-column" if label_column is not None else None
    if other is not None:
        raise DataError(
            f"--header-labels and {other} name two places of labels.",
            f"Leave out --header-labels where labels stand where {other} says, else {other}.",
        )


def _label(genes: Genes, values: list[object], rows: list[int], labelling: Labelling | None, unit: str) -> Genes:
    read = parse_labels(values, labelling, rows, unit)
    if not read.kept.any():
        raise DataError(
            f"All {len(genes)} rows have labels that were to be dropped.",
            "Choose otherwise with --intermediate or --label-words.",
        )
    changes = genes.provenance.changes
    for label in read.words:
        if label.meaning == "drop":
            changes = changes.also_dropped(f"label {label.word!r}", label.rows)
    labelled = replace(genes, labels=read.resistant)
    return replace(
        labelled if read.kept.all() else labelled.subset(read.kept),
        label_words=read.words,
        provenance=replace(genes.provenance, changes=changes),
    )
