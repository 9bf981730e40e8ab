"""Cleaning of all rows together: which alphabet they have, and what no rule is for in one report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from model.alphabet import ALPHABET_NAMES, Alphabet, AlphabetOrAuto, has_gaps
from model.cleaning.changes import Changes
from model.cleaning.detection import detect, dna_letters, rows_like
from model.cleaning.refusal import Refusal
from model.cleaning.rows import RowCleaner, as_bytes, plain_dna
from model.cleaning.rules import Rules
from model.errors import DataError

#: Rows that are looked at together.
_PART = 4096
#: Times the median length.
_OUTLIER = 10
_NEVER_AN_OUTLIER = 5000


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Sequences that can be read.

    Attributes:
        sequences: Of the rows that are kept, in order; IUPAC ambiguity letters stay as they are.
        kept: [N] False = the row was dropped, as the rules say.
        alphabet: Of all.
        changes: What was done.
    """

    sequences: list[str]
    kept: NDArray[np.bool_]
    alphabet: Alphabet
    changes: Changes


def clean(
    texts: Sequence[str | None],
    alphabet: AlphabetOrAuto = "auto",
    rules: Rules | None = None,
    *,
    numbers: Sequence[int] | None = None,
    unit: str = "row",
    longest: int | None = None,
    unlabelled: Sequence[int] = (),
    expected: Alphabet | None = None,
    genetic_code: int = 1,
) -> Cleaned:
    """Cleans raw sequences.

    Args:
        texts: Raw sequences, one per row; None where there is none. Length N.
        alphabet: "auto" decides by the letters of all rows together, and refuses rows of the other kind.
        rules: What is done with what cannot be read; by default it is refused.
        numbers: Of the rows in the file, for messages. Length N; by default from 1.
        unit: What they are called, in one word.
        longest: Letters that a sequence may have. By default ten times the median, and 5,000 in any case, for a genome
            among genes is a mistake that costs memory.
        unlabelled: Numbers of rows that lack a label and should have one.
        expected: What a model reads: "auto" takes it, and refuses rows of the other kind.
        genetic_code: NCBI's number, for stops in DNA.

    Raises:
        DataError: There are rows that cannot be read and that no rule is for (all are named in one message), nothing
            is left, or the letters do not tell whether the file holds DNA or protein.
    """
    if alphabet not in ("auto", *get_args(Alphabet)):
        raise DataError(f"The alphabet {alphabet!r} is unknown.", "Allowed: auto, dna, protein.")
    rules = rules or Rules()
    numbers = numbers or range(1, len(texts) + 1)
    plain = _plain_dna(texts)
    counts = _dna_letters(texts, plain)
    known = alphabet if alphabet != "auto" else expected or detect(*counts, numbers, unit)
    strangers = [numbers[row] for row in _alike(known, counts, expected)] if alphabet == "auto" else []
    rows = RowCleaner(known, rules, genetic_code)
    apart = {*strangers, *(unlabelled if rules.missing == "drop" else ())}
    if known == "protein" or rows.looks_closer:
        plain = {}
    sequences: list[str | None] = []
    for start in range(0, len(texts), _PART):
        here = slice(start, start + _PART)
        if start in plain and apart.isdisjoint(numbers[here]):
            sequences += plain[start]
        else:
            rest = zip(numbers[here], texts[here], strict=True)
            sequences += [None if row in apart else rows.clean(row, text) for row, text in rest]
    refusal = Refusal(unit)
    _add_strangers(refusal, strangers, len(texts), known)
    rows.refuse(refusal, unlabelled)
    if rules.gaps == "keep":
        _add_unaligned(refusal, dict(zip(numbers, sequences, strict=True)))
    _add_outliers(refusal, dict(zip(numbers, sequences, strict=True)), longest)
    refusal.raise_if_any(known, guessed=alphabet == "auto" and expected is None)
    kept = [sequence for sequence in sequences if sequence is not None]
    if not kept:
        raise DataError(f"All {len(texts):,} rows were dropped: no sequence is left.", "Choose other rules.")
    return Cleaned(kept, np.array([sequence is not None for sequence in sequences]), known, rows.changes(unlabelled))


def _plain_dna(texts: Sequence[str | None]) -> dict[int, list[str]]:
    """Cleans those parts of the rows in which there is nothing but plain DNA, by the first row of each, from 0.

    All rows of a part at once take a fraction of the time. Where one part is not plain, no further one is tried.
    """
    found: dict[int, list[str]] = {}
    for start in range(0, len(texts), _PART):
        part = plain_dna(texts[start : start + _PART])
        if part is None:
            break
        found[start] = part
    return found


def _dna_letters(
    texts: Sequence[str | None], plain: Mapping[int, Sequence[str]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts letters as `dna_letters` does, but for rows that are known to be plain DNA."""
    lengths = np.array([len(sequence) for part in plain.values() for sequence in part], np.int64)
    dna, every = dna_letters(as_bytes(text or "") for text in texts[len(lengths) :])
    return np.concatenate([lengths, dna]), np.concatenate([lengths, every])


def _alike(
    known: Alphabet, counts: tuple[NDArray[np.int64], NDArray[np.int64]], expected: Alphabet | None
) -> NDArray[np.int64]:
    """Numbers the rows that look like the other alphabet: each by itself, or short ones together, for a model."""
    other: Alphabet = "protein" if known == "dna" else "dna"
    together = rows_like(other, *(count.sum(keepdims=True) for count in counts)) if expected else ()
    return np.arange(len(counts[0])) if len(together) else rows_like(other, *counts)


def _add_strangers(refusal: Refusal, strangers: Sequence[int], rows: int, known: Alphabet) -> None:
    if strangers:
        other, name = ("protein", "DNA") if known == "dna" else ("DNA", "protein")
        refusal.add(
            f"{len(strangers):,} of {rows:,} rows look like {other}, not {name}: {refusal.numbered(strangers)}",
            f"remove or translate these rows, or say --alphabet {known} if they are {ALPHABET_NAMES[known]}",
        )


def _add_unaligned(refusal: Refusal, sequences: Mapping[int, str | None]) -> None:
    """Gaps are places only where all rows have the same places."""
    there = {number: len(sequence) for number, sequence in sequences.items() if sequence is not None}
    usual = Counter(there.values()).most_common(1)[0][0] if there else 0
    others = [number for number, length in there.items() if length != usual]
    if others and has_gaps([sequence for sequence in sequences.values() if sequence is not None]):
        refusal.add(
            f"gaps are kept, but {len(others):,} of {len(there):,} rows are not {usual:,} letters long, as aligned "
            f"rows are: {refusal.numbered(others)}",
            "align all rows, or say --gaps remove",
        )


def _add_outliers(refusal: Refusal, sequences: Mapping[int, str | None], longest: int | None) -> None:
    lengths = {number: len(sequence) for number, sequence in sequences.items() if sequence is not None}
    if not lengths:
        return
    middle = float(np.median(list(lengths.values())))
    limit = longest or max(_OUTLIER * middle, _NEVER_AN_OUTLIER)
    outliers = [number for number, length in lengths.items() if length > limit]
    if outliers:
        most = max(lengths.values())
        refusal.add(
            f"{len(outliers):,} of {len(lengths):,} sequences are longer than {limit:,.0f} letters (half of all have "
            f"{middle:,.0f} or fewer): {refusal.numbered(outliers)}; the longest has {most:,}",
            f"remove them, or raise the limit: --longest {most}",
        )
