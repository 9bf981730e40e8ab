"""Codons of the standard code as numbers, and the mutations that every rule makes of them."""

import numpy as np
from Bio.Data import CodonTable
from numpy.typing import NDArray

from model.translation import CODONS

_TABLE = CodonTable.unambiguous_dna_by_id[1]
_RESIDUE = {codon.encode(): _TABLE.forward_table.get(codon, "*") for codon in CODONS}
_LETTERS = np.array(CODONS, dtype="S3")
RESIDUES = np.array(list(_RESIDUE.values()))  #: [64]
STOPS = np.flatnonzero(RESIDUES == "*")
SENSE = np.flatnonzero(RESIDUES != "*")
_START = CODONS.index(_TABLE.start_codons[-1])

_NEUTRAL_MUTATIONS = 2.0
_SILENT_MUTATIONS = 1.0


def random_gene(codons: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draws a gene of [codons] codon numbers that begins with the start codon and ends with a stop."""
    return np.concatenate([[_START], random.choice(SENSE, codons - 2), random.choice(STOPS, 1)])


def numbered(sequence: str) -> NDArray[np.int64]:
    """Numbers the codons of DNA."""
    return np.array([CODONS.index(sequence[at : at + 3]) for at in range(0, len(sequence), 3)])


def spelled(rows: NDArray[np.int64]) -> list[str]:
    """Writes codon numbers [N, L] as letters."""
    return [_LETTERS[row].tobytes().decode() for row in rows]


def other_residue(codons: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Draws a codon for each that means another amino acid, never a stop."""
    drawn = random.choice(SENSE, len(codons))
    while (same := RESIDUES[drawn] == RESIDUES[codons]).any():
        drawn[same] = random.choice(SENSE, int(same.sum()))
    return drawn


def neutral_mutants(
    ancestor: NDArray[np.int64], neutral: NDArray[np.int64], count: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Makes mutants that differ from the ancestor at neutral codons only: [count, L], the first is the ancestor.

    Each other one has at least one mutation, so that few are alike.

    Args:
        ancestor: [L] codon numbers.
        neutral: Codons, counted from 0, that may change.
        count: How many mutants.
        random: Where mutations are drawn from.
    """
    variants = np.tile(ancestor, (count, 1))
    which = np.repeat(np.arange(1, count), 1 + random.poisson(_NEUTRAL_MUTATIONS - 1, count - 1))
    where = random.choice(neutral, len(which))
    variants[which, where] = other_residue(variants[which, where], random)
    return variants


def silent_mutants(sequences: list[str], random: np.random.Generator) -> list[str]:
    """Changes codons to others of the same meaning; the start codon and an incomplete last codon stay."""
    length = -(-max(map(len, sequences)) // 3)
    codons = np.array(sequences, dtype=f"S{3 * length}").view("S3").reshape(len(sequences), length)
    which = np.repeat(np.arange(len(codons)), random.poisson(_SILENT_MUTATIONS, len(codons)))
    where = random.integers(1, length, len(which))
    meanings = np.array([_RESIDUE.get(codon, "") for codon in codons[which, where].tolist()])
    for residue in np.unique(meanings[meanings != ""]):
        here = meanings == residue
        codons[which[here], where[here]] = random.choice(_LETTERS[residue == RESIDUES], int(here.sum()))
    return [row.tobytes().rstrip(b"\0").decode() for row in codons]
