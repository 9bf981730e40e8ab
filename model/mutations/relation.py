"""Whether genes are relatives, and how far each is from the ancestor of all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.encoding import MutationEncoding, mutation_encodings
from model.genes import Genes
from model.mutations.alignment import LONGEST, differences
from model.mutations.ancestor import LARGEST_DIVERGENCE, are_strangers, distances, divergence, find_ancestor
from model.mutations.encoding import LEVELS, sequences_of

#: Letters of an ancestor from which strangers take long to align, so that words are compared first.
WORTH_A_LOOK = 1000


@dataclass(frozen=True)
class Relation:
    """Whether genes descend from one ancestor.

    Attributes:
        ancestors: Its amino acids and, of DNA, its nucleotides, by the encoding that is told from them; only those by
            which the genes are relatives. A frame that is lost and found again changes many residues, and few bases.
        divergence: Median share of letters that differ, by the encoding by which they differ least. None where genes
            cannot be compared: they have no letter to read, one is longer than `LONGEST`, or they are long and share
            hardly a word.
    """

    ancestors: dict[MutationEncoding, str]
    divergence: float | None


@dataclass(frozen=True, eq=False)
class Mutations:
    """How many mutations each gene has.

    Attributes:
        counts: [N]; a tail out of frame is one, and so is an early end.
        far: [N], whether it differs from the ancestor in a larger share of letters than `LARGEST_DIVERGENCE`; those of
            a tail out of frame count one by one.
    """

    counts: NDArray[np.int64]
    far: NDArray[np.bool_]


def find_relation(genes: Genes, genetic_code: int = 1, *, codes: bool = True) -> Relation:
    """Finds the ancestor of the genes, if they have one in common.

    Args:
        genes: N rows; those of development alone, where there are others.
        genetic_code: NCBI's number, for the translation of DNA.
        codes: Whether DNA codes for proteins, so that there are residues to compare.

    Returns:
        No ancestor where half of the different genes lie farther from it than `LARGEST_DIVERGENCE`.
    """
    found: dict[MutationEncoding, str] = {}
    least: float | None = None
    for encoding in mutation_encodings(genes.alphabet):
        if not codes and encoding == "mutation":
            continue
        sequences = sequences_of(genes, encoding, genetic_code)
        if not any(sequences) or max(map(len, sequences)) > LONGEST:
            continue
        ancestor = find_ancestor(sequences)
        if len(ancestor) > WORTH_A_LOOK and are_strangers(sequences, ancestor, LEVELS[encoding]):
            continue
        share = divergence(sequences, ancestor, LEVELS[encoding])
        least = share if least is None else min(least, share)
        if share <= LARGEST_DIVERGENCE:
            found[encoding] = ancestor
    return Relation(found, least)


def count_mutations(genes: Genes, encoding: MutationEncoding, genetic_code: int, ancestor: str) -> Mutations:
    """Counts the mutations of each gene; arguments and errors as `encode_mutations`."""
    level = LEVELS[encoding]
    found = differences(sequences_of(genes, encoding, genetic_code), ancestor, level)
    return Mutations(
        found.lengths - (found.ends == len(ancestor)), distances(found, ancestor, level) > LARGEST_DIVERGENCE
    )
