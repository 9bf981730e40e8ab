"""Genes are encoded whole, or by what sets them apart from the ancestor of the rows that were given."""

import numpy as np

from model.alphabet import AMINO_ACIDS
from model.encoder import Encoder
from model.encoding import Encoded, Encoding, encode
from model.genes import Genes
from model.mutations import LONGEST_ANCESTOR, count_mutations, find_relation

#: M K T A Y I A K Q R Q I
ANCESTOR = "ATGAAAACCGCGTATATTGCGAAACAGCGTCAGATT"
SILENT = ANCESTOR[:8] + "G" + ANCESTOR[9:]  # c.9C>G, still Thr
MISSENSE = ANCESTOR[:6] + "TCC" + ANCESTOR[9:]  # p.Thr3Ser, c.7A>T
STOPPED = ANCESTOR[:24] + "TAG" + ANCESTOR[27:]  # p.Gln9Ter
LAST = ANCESTOR[:33] + "CTT"  # p.Ile12Leu, c.34A>C
NOTHING = "TAA" + ANCESTOR[3:]  # the first codon is a stop
ROWS = [ANCESTOR] * 2 + [LAST, SILENT, MISSENSE, STOPPED, NOTHING]


def dna(*sequences: str) -> Genes:
    return Genes([str(row) for row in range(len(sequences))], list(sequences), None, "dna")


def proteins(*sequences: str) -> Genes:
    return Genes([str(row) for row in range(len(sequences))], list(sequences), None, "protein")


def encoder_of(genes: Genes) -> Encoder:
    return Encoder(ancestors=find_relation(genes).ancestors)


def read(encoder: Encoder, genes: Genes, encoding: Encoding) -> list[list[str]]:
    """Each gene's tokens in words."""
    encoded = encoder.encode(genes, encoding)
    size = encoded.vocabulary_size
    tokens = [encoded.tokens.row(row) for row in range(len(encoded))]
    return [[encoder.spelled(int(token) // size, int(token) % size, encoding) for token in row] for row in tokens]


def test_dna_is_told_by_its_translation_and_by_its_nucleotides() -> None:
    genes = dna(*ROWS)
    encoder = encoder_of(genes)
    assert encoder.ancestors == {"mutation": "MKTAYIAKQRQI", "mutation_nucleotide": ANCESTOR}
    assert read(encoder, genes, "mutation") == [
        *[["p.Ter13="]] * 2,
        ["p.Ile12Leu", "p.Ter13="],
        ["p.Ter13="],
        ["p.Thr3Ser", "p.Ter13="],
        ["p.Gln9Ter"],
        ["p.Met1Ter"],
    ]
    assert read(encoder, genes, "mutation_nucleotide")[3:6] == [
        ["c.9C>G", "c.36="],
        ["c.7A>T", "c.36="],
        ["c.25C>T", "c.36="],
    ]


def test_a_token_is_position_times_vocabulary_plus_letter() -> None:
    encoder = Encoder(ancestors={"mutation": "MKT"})
    encoded = encoder.encode(proteins("MKS", "MK", "MKT"), "mutation")
    serine, stop, end = (encoder.vocabulary("mutation").index(name) for name in ("S", "stop", "end"))
    size = encoded.vocabulary_size
    assert size == len(encoder.vocabulary("mutation"))
    assert encoded.tokens.padded().tolist() == [
        [2 * size + serine, 3 * size + end],
        [2 * size + stop, 0],
        [3 * size + end, 0],
    ]
    assert (encoded.tokens.flat.dtype, encoded.lengths.tolist(), encoded.positions) == (np.int32, [2, 1, 1], 4)


def test_early_ends_are_one_kind_at_any_position_and_another_than_the_end_of_whole_genes() -> None:
    encoder = Encoder(ancestors={"mutation": "MKTAY"})
    encoded = encoder.encode(proteins("M", "MK", "MKT", "MKTAY", "MKTAYKK"), "mutation")
    kinds = encoded.tokens.padded() % encoded.vocabulary_size
    names = [encoder.vocabulary("mutation")[kinds[row, length - 1]] for row, length in enumerate(encoded.lengths)]
    assert names == ["stop", "stop", "stop", "end", "end"]


def test_the_genetic_code_decides_what_a_mutation_is() -> None:
    genes = dna(ANCESTOR, ANCESTOR[:3] + "TGA" + ANCESTOR[6:])
    ancestors = {"mutation": "MKTAYIAKQRQI"}
    assert read(Encoder(1, ancestors), genes, "mutation")[1] == ["p.Lys2Ter"]  # type: ignore[arg-type]
    assert read(Encoder(4, ancestors), genes, "mutation")[1] == ["p.Lys2Trp", "p.Ter13="]  # type: ignore[arg-type]


def test_proteins_are_compared_as_they_are_and_have_no_nucleotides() -> None:
    genes = proteins("MKTAYIAKQR", "MKTAYIAKQK", "MKSAYIAKQR", "MKTAYIA")
    encoder = encoder_of(genes)
    assert encoder.ancestors == {"mutation": "MKTAYIAKQR"}
    assert read(encoder, genes, "mutation")[2:] == [["p.Thr3Ser", "p.Ter11="], ["p.Lys8Ter"]]


def test_the_ancestor_is_that_of_the_rows_that_are_given() -> None:
    genes = proteins(*["MKTAYIAKQR"] * 2, *["MKSAYIAKQR", "MKSAYIAKQK", "MKSAYIAKRR"])
    assert find_relation(genes).ancestors == {"mutation": "MKSAYIAKQR"}
    assert find_relation(genes.subset(np.array([0, 1]))).ancestors == {"mutation": "MKTAYIAKQR"}


def test_genes_that_are_no_relatives_have_no_ancestor_and_are_encoded_whole() -> None:
    rng = np.random.default_rng(0)
    genes = proteins(*("".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 40)) for _ in range(20)))
    relation = find_relation(genes)
    assert relation.ancestors == {}
    assert relation.divergence is not None
    assert relation.divergence > 0.5
    encoder = encoder_of(genes)
    whole, expected = encoder.encode(genes, "amino_acid"), encode(genes, "amino_acid")
    assert (whole.tokens.flat == expected.tokens.flat).all()
    assert (whole.positions, encoder.ancestor("amino_acid")) == (None, None)
    assert encoder.spelled(0, int(whole.tokens.row(0)[0]), "amino_acid") == genes.sequences[0][0]


def test_genes_that_cannot_be_compared_have_no_ancestor_and_nothing_is_said_of_their_distance() -> None:
    relation = find_relation(proteins(*["A" * (LONGEST_ANCESTOR + 1)] * 3))
    assert (relation.ancestors, relation.divergence) == ({}, None)


def test_genes_whose_frame_is_lost_and_found_are_relatives_by_their_nucleotides_alone() -> None:
    rng = np.random.default_rng(0)
    codons = ["".join(rng.choice(list("CGT"), 3)) for _ in range(40)]  # without A there is no stop in any frame
    gene = "".join(codons)
    # Each third of the genes reads most of its residues in another frame.
    one = [gene[:at] + "C" + gene[at:110] + gene[111:] for at in range(3, 39, 6)]
    two = [gene[:at] + "GT" + gene[at:110] + gene[112:] for at in range(3, 39, 6)]
    none = [gene[:at] + "C" + gene[at + 1 :] for at in range(3, 39, 6)]
    relation = find_relation(dna(*one, *two, *none))
    assert relation.ancestors.keys() == {"mutation_nucleotide"}


def test_a_gene_whose_first_codon_is_a_stop_is_one_token_apart_from_padding_and_from_all_others() -> None:
    genes = dna(*ROWS)
    encoded: Encoded = encoder_of(genes).encode(genes, "mutation")
    assert encoded.lengths.min() == 1
    assert encoded.tokens.row(-1).tolist() == [encoded.vocabulary_size - 2]
    assert encoded.identities().tolist() == [0, 0, 1, 0, 2, 3, 4]


def test_mutations_are_counted_and_those_far_from_the_ancestor_marked() -> None:
    # A frameshift is one mutation, but each residue behind it is another than the ancestor's.
    shifted = ANCESTOR[:6] + ANCESTOR[7:]
    genes = dna(*ROWS, shifted)
    found = count_mutations(genes, "mutation", 1, "MKTAYIAKQRQI")
    assert found.counts[:7].tolist() == [0, 0, 1, 0, 1, 1, 1]
    assert found.counts[7] <= 2
    assert found.far.tolist() == [False] * 7 + [True]


def test_long_strangers_are_told_by_their_words_without_being_aligned() -> None:
    rng = np.random.default_rng(0)
    ancestor = "".join(rng.choice(list(AMINO_ACIDS), 1200))
    mutants = [ancestor[:at] + "W" + ancestor[at + 1 :] for at in range(0, 60, 5)]
    unrelated = ["".join(rng.choice(list(AMINO_ACIDS), 1200)) for _ in range(12)]
    assert find_relation(proteins(*mutants)).ancestors.keys() == {"mutation"}
    strangers = find_relation(proteins(*unrelated))
    assert (strangers.ancestors, strangers.divergence) == ({}, None)
