"""Genes as tokens: each difference from the ancestor is one number, position * V + kind."""

from dataclasses import replace

import numpy as np

from model.alphabet import without_gaps
from model.encoding import Encoded, MutationEncoding, encode, vocabulary
from model.genes import Genes
from model.mutations.alignment import differences
from model.mutations.kinds import END, PAD, STOP, Level, kinds
from model.mutations.notation import named, position_name

#: Letters that the mutations of an encoding tell of.
LEVELS: dict[MutationEncoding, Level] = {"mutation": "amino_acid", "mutation_nucleotide": "nucleotide"}


def encode_mutations(genes: Genes, encoding: MutationEncoding, genetic_code: int, ancestor: str) -> Encoded:
    """Encodes genes by their differences from the ancestor, closed by where they end.

    Args:
        genes: N rows.
        encoding: Of amino acids or of nucleotides.
        genetic_code: NCBI's number, for the translation of DNA.
        ancestor: From `find_relation`.

    Raises:
        DataError: A gene is too long, or the genetic code is unknown.
    """
    level = LEVELS[encoding]
    found, table = differences(sequences_of(genes, encoding, genetic_code), ancestor, level), kinds(level)
    # Each place of an early end is rare: what early ends have in common can be learnt from a kind of their own.
    kind, size = found.tokens.flat, len(table)
    is_early = (kind == table.tokens[END]) & (found.places < len(ancestor))
    letters = np.where(is_early, table.tokens[STOP], kind)
    tokens = replace(found.tokens, flat=found.places.astype(np.int32) * size + letters)
    return Encoded(tokens, size, positions=len(ancestor) + 1)


def letters_of(encoding: MutationEncoding) -> tuple[str, ...]:
    """Names every kind of mutation of an encoding; the index is the letter."""
    return kinds(LEVELS[encoding]).names


def written(place: int, letter: int, encoding: MutationEncoding, ancestor: str) -> str:
    """Writes a mutation for people: p.Ser315Thr; or Ser315 where nothing is changed (letter 0)."""
    level = LEVELS[encoding]
    return position_name(place, ancestor, level) if letter == PAD else named(letter, place, ancestor, level)


def sequences_of(genes: Genes, encoding: MutationEncoding, genetic_code: int) -> list[str]:
    """The letters that are compared: residues up to the first stop, or nucleotides."""
    if encoding == "mutation_nucleotide" or genes.alphabet == "protein":
        return list(without_gaps(genes.sequences))
    residues = encode(genes, "amino_acid", genetic_code)
    spelling = np.array([0, ord("X"), *(ord(letter) for letter in vocabulary("amino_acid")[2:])], dtype=np.uint8)
    rows = residues.tokens
    text = spelling[rows.flat].tobytes().decode("ascii")
    ends = (rows.starts + rows.lengths).tolist()
    return [
        "" if none else text[start:end]
        for start, end, none in zip(rows.starts.tolist(), ends, residues.empty, strict=True)
    ]
