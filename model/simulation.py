"""Simulated genes: like the original's data, but with a rule and a ceiling on accuracy that are known.

All genes are mutants of one ancestor. About a quarter as many proteins as rows are different, and a few of
them hold many rows; copies of one protein differ by silent mutations. The rule, on the translated protein: a
gene is resistant if an early stop cuts it short, or if a resistance position has lost the ancestor's amino
acid. Labels are then flipped at random, so no classifier can expect to be right more often than 1 - noise.
Insertions and deletions are not simulated.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from Bio.Data import CodonTable
from numpy.typing import NDArray

from model.errors import DataError
from model.genes import Genes
from model.translation import CODONS
from model.writing import write_genes

_TABLE = CodonTable.unambiguous_dna_by_id[1]
_RESIDUES = np.array([_TABLE.forward_table.get(codon, "*") for codon in CODONS])
_START = CODONS.index(_TABLE.start_codons[-1])
_STOPS = np.flatnonzero(_RESIDUES == "*")
_SENSE = np.flatnonzero(_RESIDUES != "*")
_SMALLEST_GENE = 12

# Shape of the original's data, see the module's first lines.
_DISTINCT_SHARE = 0.25
_LARGEST_SHARE = 0.04
_STOP_SHARE = 0.4
_NEUTRAL_MUTATIONS = 2.0
_SILENT_MUTATIONS = 1.0
# An early stop leaves at most this part of the protein, so that being cut short is plain to see.
_LONGEST_CUT = 0.8


@dataclass(frozen=True, eq=False)
class Simulated:
    """Simulated genes and the truth about them.

    Attributes:
        genes: N genes with noisy labels.
        truth: [N], the labels before the noise.
        ceiling: Accuracy to expect of the true rule on any number of such genes: 1 - noise.
        realised_accuracy: Accuracy of the true rule on just these genes.
        ancestor: DNA of the gene that all others are mutants of; susceptible.
        resistance_positions: Residues that must stay as in the ancestor, counted from 1.
        rule: The rule in words.
    """

    genes: Genes
    truth: NDArray[np.bool_]
    ceiling: float
    realised_accuracy: float
    ancestor: str
    resistance_positions: tuple[int, ...]
    rule: str


def simulate(genes: int, codons: int, noise: float, seed: int) -> Simulated:
    """Simulate labelled genes; the same arguments give the same genes.

    Args:
        genes: N, at least 40.
        codons: Length of every gene in codons, the start and the last stop included; at least 12.
        noise: Probability that a label is flipped, at least 0 and below 0.5.
        seed: Decides everything random.

    Raises:
        DataError: An argument is out of its range.
    """
    _check(genes, codons, noise)
    random = np.random.default_rng(seed)
    ancestor = np.concatenate([[_START], random.choice(_SENSE, codons - 2), random.choice(_STOPS, 1)])
    positions = np.sort(random.choice(np.arange(1, codons - 1), max(2, codons // 50), replace=False))
    return _descend(ancestor, positions, genes, noise, _DISTINCT_SHARE, random)


def simulate_relatives(
    relative: Simulated, genes: int, noise: float, seed: int, distinct_share: float = _DISTINCT_SHARE
) -> Simulated:
    """Simulate more genes of the same ancestor and rule, for example to know a model's true accuracy.

    Args:
        relative: Where ancestor and rule come from.
        genes: N, at least 40.
        noise: Probability that a label is flipped, at least 0 and below 0.5.
        seed: Decides everything random.
        distinct_share: Variants per gene, above 0 and at most 1; at 1 every gene is mutated on its own.

    Raises:
        DataError: An argument is out of its range.
    """
    _check(genes, len(relative.ancestor) // 3, noise)
    spelled = relative.ancestor
    ancestor = np.array([CODONS.index(spelled[at : at + 3]) for at in range(0, len(spelled), 3)])
    positions = np.array(relative.resistance_positions) - 1
    return _descend(ancestor, positions, genes, noise, distinct_share, np.random.default_rng(seed))


def _descend(
    ancestor: NDArray[np.int64],
    positions: NDArray[np.int64],
    genes: int,
    noise: float,
    distinct_share: float,
    random: np.random.Generator,
) -> Simulated:
    """Makes mutants of the ancestor with labels by the rule."""
    codons = len(ancestor)
    copies = _copies(genes, distinct_share, random)
    resistant = _balanced(copies)
    variants = _variants(ancestor, positions, resistant, random)
    order = random.permutation(np.repeat(np.arange(len(copies)), copies))
    rows = _silent_mutations(variants[order], random)
    truth = resistant[order]
    labels = truth ^ (random.random(genes) < noise)
    residues = tuple(int(position) + 1 for position in positions)
    return Simulated(
        genes=Genes([f"gene{row}" for row in range(1, genes + 1)], _spell(rows), labels, "dna"),
        truth=truth,
        ceiling=1 - noise,
        realised_accuracy=float((labels == truth).mean()),
        ancestor=_spell(ancestor[None, :])[0],
        resistance_positions=residues,
        rule=f"Resistant if the protein has fewer than {codons - 1} amino acids, or if its amino acid at "
        f"one of the positions {', '.join(map(str, residues))} is not the ancestor's.",
    )


def write_simulated(simulated: Simulated, path: str | Path) -> None:
    """Writes simulated genes with their noisy labels; see `write_genes`."""
    write_genes(simulated.genes, path)


def _check(genes: int, codons: int, noise: float) -> None:
    if genes < 40:
        raise DataError(f"{genes} genes are too few to simulate.", "Give --genes 40 or more.")
    if codons < _SMALLEST_GENE:
        raise DataError(f"{codons} codons are too short a gene.", f"Give --codons {_SMALLEST_GENE} or more.")
    if not 0 <= noise < 0.5:
        raise DataError(f"Noise {noise} is not a usable probability.", "Give --noise from 0 to below 0.5.")


def _copies(genes: int, distinct_share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Draws how many rows each variant has: [D], largest first, each at least one."""
    distinct = round(genes * distinct_share)
    weights = 1 / np.arange(1, distinct + 1)
    weights = np.minimum(weights / weights.sum(), _LARGEST_SHARE)
    extra = random.multinomial(genes - distinct, weights / weights.sum())
    return np.sort(1 + extra)[::-1]


def _balanced(copies: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Gives each variant, largest first, to the class with fewer rows; the ancestor, first, is susceptible."""
    resistant = np.zeros(len(copies), dtype=np.bool_)
    lead = 0
    for variant, rows in enumerate(copies.tolist()):
        resistant[variant] = lead > 0
        lead += -rows if resistant[variant] else rows
    return resistant


def _variants(
    ancestor: NDArray[np.int64],
    positions: NDArray[np.int64],
    resistant: NDArray[np.bool_],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Makes one mutant of the ancestor for each variant: codon numbers [D, L]."""
    count, length = len(resistant), len(ancestor)
    variants = np.tile(ancestor, (count, 1))
    neutral = np.setdiff1d(np.arange(1, length - 1), positions)
    # At least one neutral mutation each (except for the ancestor itself), so that few variants are alike.
    which = np.repeat(np.arange(1, count), 1 + random.poisson(_NEUTRAL_MUTATIONS - 1, count - 1))
    where = random.choice(neutral, len(which))
    variants[which, where] = _other_residue(variants[which, where], random)
    cut = resistant & (random.random(count) < _STOP_SHARE)
    stopped = np.flatnonzero(cut)
    last = max(2, int(length * _LONGEST_CUT))
    variants[stopped, random.integers(1, last, len(stopped))] = random.choice(_STOPS, len(stopped))
    changed = np.flatnonzero(resistant & ~cut)
    places = random.choice(positions, len(changed))
    variants[changed, places] = _other_residue(variants[changed, places], random)
    return variants


def _other_residue(codons: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Draws a codon for each that means another amino acid, never a stop."""
    drawn = random.choice(_SENSE, len(codons))
    while (same := _RESIDUES[drawn] == _RESIDUES[codons]).any():
        drawn[same] = random.choice(_SENSE, int(same.sum()))
    return drawn


def _silent_mutations(rows: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Changes codons of [N, L] to others of the same meaning; the start codon stays."""
    count, length = rows.shape
    which = np.repeat(np.arange(count), random.poisson(_SILENT_MUTATIONS, count))
    where = random.integers(1, length, len(which))
    meanings = _RESIDUES[rows[which, where]]
    for residue in np.unique(meanings):
        alike = np.flatnonzero(residue == _RESIDUES)
        here = meanings == residue
        rows[which[here], where[here]] = random.choice(alike, int(here.sum()))
    return rows


def _spell(rows: NDArray[np.int64]) -> list[str]:
    """Writes codon numbers [N, L] as letters."""
    letters = np.array(CODONS, dtype="S3")
    return [letters[row].tobytes().decode() for row in rows]
