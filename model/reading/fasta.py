"""FASTA through Biopython, with the label in the header.

A record's id is what stands before the first blank. Its label is the value of `key=value` in the header, whose key is a
usual name of a label column (or the one given), or, where the user says so, the last word or bar field:

    >gene7 resistant=1        >gene7|resistance=R        >gene7 [phenotype=S]
    >gene7|R                  >gene7 strain 12 susceptible                          with header_labels
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from model.errors import DataError
from model.reading.columns import LABEL_NAMES, normal
from model.reading.table import Table

# NCBI's [key=value] may hold blanks; a plain key=value ends at a blank, a bar, a comma or a semicolon.
_PAIRS = re.compile(r"\[([^][=]+)=([^][]*)\]|(?<![^\s|;,[])([^\s|;,=[]+)=([^\s|;,]*)")
_FIELDS = re.compile(r"[\s|;]+")
# Of several keys in one header, the one whose names come first in `LABEL_NAMES` has the label.
_USUAL_KEYS = {name: rank for rank, names in enumerate(LABEL_NAMES) for name in names}
_LONGEST = 100
_HINT = (
    "Write the label into each header ('>id resistant=1'), say --header-labels if it is the last word or bar field "
    "('>id R', '>id|R'), or give a table of ids and labels with --labels."
)


def open_fasta(data: bytes, path: Path, label_key: str | None = None, header_labels: bool = False) -> Table:
    """Opens a FASTA file as a table with the columns id, sequence and, where a header has a label, resistant.

    Args:
        data: The file's bytes.
        path: For messages.
        label_key: The key of `key=value` in headers, and then the name of the label column.
        header_labels: Whether the last word or bar field of a header is its label.

    Raises:
        DataError: The text is not UTF-8, or a header has two labels.
    """
    # Every format that Biopython knows comes with it, and workers read no FASTA.
    from Bio.SeqIO.FastaIO import SimpleFastaParser

    parse: Callable[[TextIO], Iterator[tuple[str, str]]] = SimpleFastaParser  # Biopython's functions are not typed
    keys = _USUAL_KEYS if label_key is None else {normal(label_key): 0}
    ids: list[object] = []
    sequences: list[object] = []
    labels: list[object] = []
    # Biopython wants nothing before the first header.
    stream = io.TextIOWrapper(io.BytesIO(memoryview(data)[data.index(b">") :]), encoding="utf-8")
    try:
        for title, sequence in parse(stream):
            ids.append((title.split(None, 1) or [""])[0])
            sequences.append(sequence)
            labels.append(_last_field(title) if header_labels else _value(title, keys))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    columns = {"id": ids, "sequence": sequences}
    if any(label is not None for label in labels):
        columns[label_key or "resistant"] = labels

    def read(wanted: Sequence[str]) -> list[list[object]]:
        return [columns[name] for name in wanted]

    return Table(tuple(columns), read, label_hint=_HINT)


def _value(title: str, keys: Mapping[str, int]) -> str | None:
    """Finds the label among the key=value of a header; None where none has a known key."""
    pairs = [(normal(found[1] or found[3]), (found[2] or found[4] or "").strip()) for found in _PAIRS.finditer(title)]
    known = [(keys[key], key, value) for key, value in pairs if key in keys]
    if not known:
        return None
    rank, name, label = min(known, key=lambda found: found[0])
    for other_rank, other, value in known:
        if other_rank == rank and value != label:
            raise DataError(
                f"The header {title[:_LONGEST]!r} has two labels: {name}={label} and {other}={value}.",
                "Choose the key with --label-column, or correct the header.",
            )
    return label


def _last_field(title: str) -> str | None:
    """Gives the last word or bar field of a header, without its key; None where there is only the id."""
    fields = [field for field in _FIELDS.split(title) if field]
    return fields[-1].rpartition("=")[2] if len(fields) > 1 else None
