"""Codon tables for whole arrays, built from Biopython's genetic codes."""

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.alphabet import AMBIGUOUS_BASES, BASES
from model.errors import DataError

#: All 64 codons in alphabetical order: AAA, AAC, AAG, AAT, ACA, ...
CODONS: tuple[str, ...] = tuple("".join(codon) for codon in product(BASES, repeat=3))

STOP = "*"
#: NCBI's number of the standard code.
STANDARD = 1

_LETTERS = BASES + AMBIGUOUS_BASES
# 4 bits a letter: bases and ambiguity letters take 0 to 14, padding 15.
_PADDING = 15


def _base_codes() -> bytes:
    codes = np.full(256, _PADDING, dtype=np.uint8)
    codes[np.frombuffer(_LETTERS.encode(), dtype=np.uint8)] = np.arange(len(_LETTERS))
    return codes.tobytes()


_CODES = _base_codes()


def codon_numbers(text: bytes) -> NDArray[np.uint16]:
    """Number the codons of DNA: 256 a + 16 b + c.

    Args:
        text: 3 C ASCII letters; an incomplete codon is filled up with 0 bytes.

    Returns:
        [C] numbers below 4096; a codon that is incomplete holds a digit 15.
    """
    codes = np.frombuffer(text.translate(_CODES), np.uint8).reshape(-1, 3)
    numbers = np.left_shift(codes[:, 0], 8, dtype=np.uint16)
    numbers |= np.left_shift(codes[:, 1], 4, dtype=np.uint16)
    numbers |= codes[:, 2]
    return numbers


@lru_cache(maxsize=32)
def translations(genetic_code: int) -> dict[int, tuple[str, str]]:
    """Gives codon and amino acid, by codon number, for the 3,375 codons of bases and ambiguity letters.

    Args:
        genetic_code: NCBI's number of the table, 1 is the standard code.

    Returns:
        number -> (codon, amino acid). The amino acid is "*" for a stop and "X" where an ambiguous codon may
        mean several; one whose readings agree (GCN is always alanine) has that amino acid, as in Biopython.

    Raises:
        DataError: Biopython has no such table, or one whose codons can be both stop and amino acid.
    """
    from Bio.Seq import Seq

    check_genetic_code(genetic_code)
    digits = list(product(range(len(_LETTERS)), repeat=3))
    codons = ["".join(_LETTERS[digit] for digit in codon) for codon in digits]
    joined: Any = Seq("".join(codons))  # Biopython's translate is not typed
    residues = str(joined.translate(table=genetic_code))
    numbers = [256 * a + 16 * b + c for a, b, c in digits]
    return dict(zip(numbers, zip(codons, residues, strict=True), strict=True))


def check_genetic_code(genetic_code: int) -> None:
    """Refuses a genetic code that cannot translate up to the first stop.

    Raises:
        DataError: Naming the codes that can.
    """
    if genetic_code == STANDARD:
        return
    # Here and not above: Biopython builds all its tables at once, and few commands need one.
    from Bio.Data import CodonTable

    tables = CodonTable.unambiguous_dna_by_id
    usable = [number for number in sorted(tables) if not _double_meanings(tables[number])]
    if genetic_code in usable:
        return
    reason = "is unknown"
    if genetic_code in tables:
        double = ", ".join(sorted(_double_meanings(tables[genetic_code])))
        reason = f"reads {double} both as stop and as an amino acid, so the first stop is not defined"
    allowed = ", ".join(map(str, usable))
    raise DataError(f"The genetic code {genetic_code} {reason}.", f"Allowed (--genetic-code): {allowed}.")


def _double_meanings(table: Any) -> set[str]:
    return set(table.stop_codons) & set(table.forward_table)
