"""FASTA through Biopython, with the label in the header.

A header is an id and, after spaces, bars or semicolons, more words. The label is the value of a `key=value` word
whose key is a usual name of a label column (or the one given), or else the last word if it is a label:

    >gene7 resistant=1        >gene7|resistance=R        >gene7|R        >gene7 strain 12 susceptible
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from Bio.SeqIO.FastaIO import SimpleFastaParser

from model.errors import DataError
from model.reading.columns import LABEL_NAMES, normal
from model.reading.labels import LABEL_WORDS
from model.reading.table import Table

_WORDS = re.compile(r"[\s|;]+")
_USUAL_KEYS = frozenset(name for names in LABEL_NAMES for name in names)
# Biopython's functions are not typed.
_parse: Callable[[TextIO], Iterator[tuple[str, str]]] = SimpleFastaParser
_HINT = (
    "Write the label into each header ('>id resistant=1', '>id|R' or '>id R'), or give a table of ids and labels "
    "with --labels."
)


def open_fasta(data: bytes, path: Path, label_key: str | None = None) -> Table:
    """Opens a FASTA file as a table with the columns id, sequence and, where a header has a label, resistant.

    Args:
        data: The file's bytes.
        path: For messages.
        label_key: The key of `key=value` in headers, and then the name of the label column.

    Raises:
        DataError: The text is not UTF-8.
    """
    keys = _USUAL_KEYS if label_key is None else frozenset([normal(label_key)])
    ids: list[object] = []
    sequences: list[object] = []
    labels: list[object] = []
    # Biopython wants nothing before the first header.
    stream = io.TextIOWrapper(io.BytesIO(memoryview(data)[data.index(b">") :]), encoding="utf-8")
    try:
        for title, sequence in _parse(stream):
            name, label = parse_header(title, keys)
            ids.append(name)
            sequences.append(sequence)
            labels.append(label)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    columns = {"id": ids, "sequence": sequences}
    if any(label is not None for label in labels):
        columns[label_key or "resistant"] = labels

    def read(wanted: Sequence[str]) -> list[list[object]]:
        return [columns[name] for name in wanted]

    return Table(tuple(columns), read, label_hint=_HINT)


def parse_header(title: str, keys: frozenset[str] = _USUAL_KEYS) -> tuple[str, str | None]:
    """Splits a header into the id and the label, None where it has no label."""
    words = [word for word in _WORDS.split(title) if word]
    name = (title.split(None, 1) or [""])[0].rstrip("|;")
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if equals and normal(key) in keys:
            return _without(name, word), value
    if len(words) > 1 and words[-1].lower() in LABEL_WORDS:
        return _without(name, words[-1]), words[-1]
    return name, None


def _without(name: str, label: str) -> str:
    """Takes a label that is part of the first word (`>gene7|R`) off the id."""
    return name.removesuffix(label).rstrip("|;") if name.endswith(("|" + label, ";" + label)) else name
