"""Genes with their labels: what every reader gives and everything else takes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.alphabet import Alphabet, count_ambiguous
from model.choices import LabelMeaning
from model.cleaning import Changes, Rules
from model.errors import DataError

#: Names of columns that are told; the rest is counted.
_SHOWN = 20
_LONGEST_NAME = 40

Indices = NDArray[np.int64] | NDArray[np.bool_]


@dataclass(frozen=True)
class LabelWord:
    """How a label of a file was read.

    Attributes:
        word: As it stands there; "at or above 16" and "below 16" for values measured against this cutoff.
        meaning: What rows with it are; "drop" where they were left out.
        rows: How many there are.
    """

    word: str
    meaning: LabelMeaning
    rows: int


@dataclass(frozen=True)
class Provenance:
    """How the rows of a file became genes.

    Attributes:
        columns: What was read from which column: "sequence", "label" and "id"; None where there was none.
        ignored: Columns that were not read.
        also_ignored: How many more, whose names are not known any more.
        where: Values that other columns had to have; rows with others were left out.
        rules: What was to be done with what cannot be read.
        changes: What was done.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    also_ignored: int = 0
    where: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    changes: Changes = field(default_factory=Changes)

    def in_words(self) -> list[str]:
        """Writes which columns were read and which were not, and what was changed; nothing where nothing is known."""
        read = ", ".join(f"{what} {name!r}" for what, name in self.columns.items() if name is not None)
        told = [f"Columns read: {read}; ignored: {_list(self.ignored, self.also_ignored)}."] if read else []
        if self.where:
            told.append(f"Rows read: where {' and '.join(f'{name} is {value}' for name, value in self.where.items())}.")
        return [*told, *filter(None, [self.changes.in_words()])]


@dataclass(frozen=True, eq=False)
class Genes:
    """Cleaned sequences in the order of their rows.

    Attributes:
        ids: A name per row, as the file has it, or the row's number. Length N; may repeat.
        sequences: Upper case, no white space, U as T in DNA. Length N.
        labels: [N], True = resistant; None where no labels were asked for.
        alphabet: "dna" or "protein".
        ambiguous_letters: How many IUPAC ambiguity letters the sequences hold.
        label_words: How labels were read, the most frequent first; only where all rows come from one file.
        provenance: How they were read; of a whole file only.
    """

    ids: list[str]
    sequences: list[str]
    labels: NDArray[np.bool_] | None
    alphabet: Alphabet
    ambiguous_letters: int = 0
    label_words: tuple[LabelWord, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __len__(self) -> int:
        return len(self.sequences)

    def subset(self, indices: Indices) -> "Genes":
        """Takes some rows, in the order given.

        Args:
            indices: Row numbers from 0, or a mask [N].
        """
        rows = np.arange(len(self))[indices]
        sequences = [self.sequences[row] for row in rows]
        return Genes(
            ids=[self.ids[row] for row in rows],
            sequences=sequences,
            labels=None if self.labels is None else self.labels[rows],
            alphabet=self.alphabet,
            ambiguous_letters=count_ambiguous(sequences, self.alphabet),
        )

    def fingerprint(self) -> str:
        """Gives the SHA-256 of the alphabet and of all rows (id, sequence, label) in their order, as hex."""
        digest = hashlib.sha256(self.alphabet.encode())
        labels = [None] * len(self) if self.labels is None else self.labels.tolist()
        for row in zip(self.ids, self.sequences, labels, strict=True):
            digest.update(json.dumps(row).encode())
        return digest.hexdigest()


def join(first: Genes, second: Genes) -> Genes:
    """Puts the rows of two data sets of one alphabet below one another.

    Raises:
        DataError: Their alphabets differ.
    """
    if first.alphabet != second.alphabet:
        raise DataError(f"{first.alphabet} and {second.alphabet} sequences cannot be joined.")
    labels = None
    if first.labels is not None and second.labels is not None:
        labels = np.concatenate([first.labels, second.labels])
    return Genes(
        ids=first.ids + second.ids,
        sequences=first.sequences + second.sequences,
        labels=labels,
        alphabet=first.alphabet,
        ambiguous_letters=first.ambiguous_letters + second.ambiguous_letters,
    )


def _list(names: Sequence[str], others: int) -> str:
    shown = [repr(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}...") for name in names[:_SHOWN]]
    rest = len(names) + others - len(shown)
    more = [f"and {rest:,} more"] if rest else []
    return ", ".join([*shown, *more]) or "none"
