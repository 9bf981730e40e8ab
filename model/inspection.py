"""What there is to know about a data set before a study is made of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.alphabet import Alphabet, without_gaps
from model.coding import find_coding
from model.encoding import MutationEncoding, WholeEncoding, encode, whole_encodings
from model.errors import DataError
from model.genes import Genes
from model.mutations import LARGEST_DIVERGENCE, Relation, count_mutations, find_relation

#: A translation shorter than this share of the longest is short.
_EARLY = 0.9


@dataclass(frozen=True)
class Lengths:
    """The spread of lengths: of genes in letters, of encoded genes in tokens."""

    shortest: int
    median: float
    longest: int


@dataclass(frozen=True)
class EncodingInspection:
    """What an encoding makes of the genes.

    Attributes:
        encoding: Which one.
        length: In tokens.
        distinct: Different sequences.
        commonest: Rows of the most frequent sequence.
        commonest_share: The same as a share of all rows.
        contradictory: Sequences that have rows of both classes.
        contradictory_rows: Rows of these sequences.
        ceiling: The highest accuracy that any classifier of these sequences can have on these rows, because
            equal sequences get equal predictions.
    """

    encoding: WholeEncoding
    length: Lengths
    distinct: int
    commonest: int
    commonest_share: float
    contradictory: int
    contradictory_rows: int
    ceiling: float


@dataclass(frozen=True)
class MutationInspection:
    """How genes differ from the ancestor that they have in common.

    Attributes:
        encoding: What the mutations tell of: residues where there are any.
        positions: Letters of the ancestor.
        median: Mutations of a gene.
        longest: Mutations of the gene that has the most.
        far: Genes that differ from the ancestor in a larger share of its letters than `LARGEST_DIVERGENCE`.
    """

    encoding: MutationEncoding
    positions: int
    median: float
    longest: int
    far: int


@dataclass(frozen=True)
class Inspection:
    """Everything that `hpo inspect` tells.

    Attributes:
        rows: N.
        resistant: Rows with this label.
        susceptible: Rows with this label.
        resistant_share: Share of resistant rows.
        majority_accuracy: Accuracy of always saying the commoner class.
        alphabet: "dna" or "protein".
        length: In letters.
        ambiguous_letters: IUPAC ambiguity letters, read as one unknown token.
        ambiguous_share: The same as a share of all letters.
        genetic_code: NCBI's number of the code by which codons were read.
        encodings: One entry for each encoding of whole sequences that the alphabet allows.
        mutations: None where the genes have no ancestor in common.
        divergence: Median share of letters in which genes differ from what would be their ancestor; None where they
            cannot be compared.
        largest_divergence: Up to which they count as its descendants.
    """

    rows: int
    resistant: int
    susceptible: int
    resistant_share: float
    majority_accuracy: float
    alphabet: Alphabet
    length: Lengths
    ambiguous_letters: int
    ambiguous_share: float
    genetic_code: int
    encodings: tuple[EncodingInspection, ...]
    mutations: MutationInspection | None
    divergence: float | None
    largest_divergence: float = LARGEST_DIVERGENCE

    def as_dict(self) -> dict[str, Any]:
        """Gives the same as dicts, tuples, strings and numbers, ready for JSON."""
        return asdict(self)


def inspect(genes: Genes, genetic_code: int = 1, relation: Relation | None = None) -> Inspection:
    """Counts what a data set holds, and what its duplicates and contradictions imply.

    Args:
        genes: With labels.
        genetic_code: NCBI's number, for codons and amino acids of DNA.
        relation: What mutations are told from; None looks for it in the genes.

    Raises:
        DataError: There are no labels, or the genetic code is unknown.
    """
    if genes.labels is None:
        raise DataError("The genes have no labels to inspect.", "Name their column with --label-column.")
    rows, resistant = len(genes), int(genes.labels.sum())
    letters = np.fromiter(map(len, genes.sequences), np.int64, rows)
    if relation is None:
        coding = find_coding(genes, genetic_code)
        relation = find_relation(genes, genetic_code, codes=coding is None or coding.codes)
    return Inspection(
        rows=rows,
        resistant=resistant,
        susceptible=rows - resistant,
        resistant_share=resistant / rows,
        majority_accuracy=max(resistant, rows - resistant) / rows,
        alphabet=genes.alphabet,
        length=_lengths(letters),
        ambiguous_letters=genes.ambiguous_letters,
        ambiguous_share=genes.ambiguous_letters / int(letters.sum()),
        genetic_code=genetic_code,
        encodings=tuple(
            _inspect_encoding(genes, genes.labels, encoding, genetic_code)
            for encoding in whole_encodings(genes.alphabet)
        ),
        mutations=_inspect_mutations(genes, relation.ancestors, genetic_code),
        divergence=relation.divergence,
    )


def count_early_stops(genes: Genes, genetic_code: int = 1) -> int | None:
    """Counts genes that an early stop cuts short: translated to less than 90 % of the longest translation.

    A fragment without a stop inside is short, but not cut.

    Args:
        genes: Labels play no part.
        genetic_code: NCBI's number.

    Returns:
        Rows; None for proteins.
    """
    if genes.alphabet == "protein":
        return None
    lengths = encode(genes, "amino_acid", genetic_code).lengths
    codons = np.array([len(sequence) // 3 for sequence in without_gaps(genes.sequences)])
    return int(np.count_nonzero((lengths < _EARLY * lengths.max()) & (lengths < codons - 1)))


def _inspect_encoding(
    genes: Genes, labels: NDArray[np.bool_], encoding: WholeEncoding, genetic_code: int
) -> EncodingInspection:
    encoded = encode(genes, encoding, genetic_code)
    sequence = encoded.identities()
    copies = np.bincount(sequence)
    resistant = np.bincount(sequence, weights=labels).astype(np.int64)
    majority = np.maximum(resistant, copies - resistant)
    contradictory = majority < copies
    return EncodingInspection(
        encoding=encoding,
        length=_lengths(encoded.lengths),
        distinct=len(copies),
        commonest=int(copies.max()),
        commonest_share=float(copies.max() / len(genes)),
        contradictory=int(contradictory.sum()),
        contradictory_rows=int(copies[contradictory].sum()),
        ceiling=float(majority.sum() / len(genes)),
    )


def _inspect_mutations(
    genes: Genes, ancestors: Mapping[MutationEncoding, str], genetic_code: int
) -> MutationInspection | None:
    if not ancestors:
        return None
    encoding, ancestor = next(iter(ancestors.items()))
    found = count_mutations(genes, encoding, genetic_code, ancestor)
    return MutationInspection(
        encoding=encoding,
        positions=len(ancestor),
        median=float(np.median(found.counts)),
        longest=int(found.counts.max()),
        far=int(found.far.sum()),
    )


def _lengths(values: NDArray[np.int64]) -> Lengths:
    return Lengths(int(values.min()), float(np.median(values)), int(values.max()))
