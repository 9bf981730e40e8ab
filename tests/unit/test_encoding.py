import numpy as np
import pytest
from Bio.Data import CodonTable
from Bio.Seq import Seq
from hypothesis import given, settings
from hypothesis import strategies as st

from model.alphabet import AMBIGUOUS_BASES, AMINO_ACIDS, BASES
from model.encoding import PAD, UNKNOWN, Encoded, encode, encodings_for, vocabulary, whole_encodings
from model.errors import DataError
from model.genes import Genes

DNA = st.text(alphabet=BASES + AMBIGUOUS_BASES, min_size=1, max_size=40) | st.text(
    alphabet=BASES, min_size=1, max_size=90
)


def dna(*sequences: str) -> Genes:
    return Genes([""] * len(sequences), list(sequences), None, "dna")


def letters(encoded: Encoded, encoding: str, row: int) -> list[str]:
    words = vocabulary(encoding)  # type: ignore[arg-type]
    return [words[token] for token in encoded.tokens.row(row)]


def test_the_order_of_tokens_is_fixed() -> None:
    assert vocabulary("nucleotide") == ("<pad>", "<unknown>", "A", "C", "G", "T")
    assert vocabulary("amino_acid") == ("<pad>", "<unknown>", *"ACDEFGHIKLMNPQRSTVWY")
    assert vocabulary("codon")[:4] == ("<pad>", "<unknown>", "AAA", "AAC")
    assert len(vocabulary("codon")) == 66


def test_nucleotides_keep_the_whole_sequence_and_padding_is_not_a() -> None:
    encoded = encode(dna("ATGTAAC", "ANC"), "nucleotide")
    assert encoded.tokens.padded().tolist() == [[2, 5, 4, 5, 2, 2, 3], [2, UNKNOWN, 3, PAD, PAD, PAD, PAD]]
    assert encoded.lengths.tolist() == [7, 3]
    assert encoded.vocabulary_size == 6


def test_codons_end_before_the_first_stop() -> None:
    encoded = encode(dna("ATGAAATAGCCC", "ATGANACC"), "codon")
    assert letters(encoded, "codon", 0) == ["ATG", "AAA"]
    assert letters(encoded, "codon", 1) == ["ATG", "<unknown>"]
    assert encoded.tokens.width == 2


@pytest.mark.parametrize("sequence", ["TAAATG", "AT"])
def test_nothing_left_is_one_unknown(sequence: str) -> None:
    encoded = encode(dna(sequence, "ATGATG"), "amino_acid")
    assert encoded.tokens.row(0).tolist() == [UNKNOWN]
    assert encoded.lengths[0] == 1


@settings(deadline=None)  # the first use of a genetic code makes its table
@given(st.lists(DNA, min_size=1, max_size=5), st.sampled_from([1, 2, 4, 11, 25]))
def test_amino_acids_are_biopythons(sequences: list[str], code: int) -> None:
    encoded = encode(dna(*sequences), "amino_acid", code)
    for row, sequence in enumerate(sequences):
        whole = sequence[: len(sequence) // 3 * 3]
        expected = str(Seq(whole).translate(table=code, to_stop=True))
        known = [letter if letter in AMINO_ACIDS else "<unknown>" for letter in expected]
        assert letters(encoded, "amino_acid", row) == (known or ["<unknown>"])


@given(st.lists(st.text(alphabet=BASES, min_size=1, max_size=60), min_size=1, max_size=5))
def test_codons_translate_to_the_amino_acids(sequences: list[str]) -> None:
    genes = dna(*sequences)
    codons, residues = encode(genes, "codon"), encode(genes, "amino_acid")
    assert codons.lengths.tolist() == residues.lengths.tolist()
    table = CodonTable.unambiguous_dna_by_id[1].forward_table
    for row in range(len(genes)):
        spelt = letters(codons, "codon", row)
        assert [table.get(codon, "<unknown>") for codon in spelt] == letters(residues, "amino_acid", row)


@given(st.lists(st.text(alphabet=BASES + AMBIGUOUS_BASES, min_size=1), min_size=1, max_size=6))
def test_nucleotides_round_trip(sequences: list[str]) -> None:
    encoded = encode(dna(*sequences), "nucleotide")
    for row, sequence in enumerate(sequences):
        assert letters(encoded, "nucleotide", row) == [base if base in BASES else "<unknown>" for base in sequence]


def test_more_rows_than_one_chunk() -> None:
    sequences = ["ACGT"[: 1 + row % 4] for row in range(5000)]
    encoded = encode(dna(*sequences), "nucleotide")
    assert encoded.lengths.tolist() == [len(sequence) for sequence in sequences]
    assert letters(encoded, "nucleotide", 4999) == list("ACGT")


def test_proteins_are_encoded_as_they_are() -> None:
    encoded = encode(Genes(["1"], ["MKX"], None, "protein"), "amino_acid")
    assert encoded.tokens.padded().tolist() == [[12, 10, UNKNOWN]]


def test_proteins_have_no_codons() -> None:
    assert whole_encodings("protein") == ("amino_acid",)
    assert encodings_for("protein") == ("amino_acid", "mutation")
    with pytest.raises(DataError, match=r"protein sequences cannot be encoded as 'codon'. Allowed: amino_acid"):
        encode(Genes(["1"], ["MK"], None, "protein"), "codon")


@pytest.mark.parametrize(("code", "told"), [(99, "99 is unknown"), (27, "TGA both as stop and as an amino")])
def test_unusable_genetic_codes_are_refused(code: int, told: str) -> None:
    with pytest.raises(DataError, match=told):
        encode(dna("ATG"), "amino_acid", code)


def test_identities_and_subset() -> None:
    encoded = encode(dna("ACG", "ACN", "ACG", "ACR", "AC"), "nucleotide")
    assert encoded.identities().tolist() == [0, 1, 0, 1, 2]
    assert encoded.subset(np.array([4, 0])).lengths.tolist() == [2, 3]


def test_one_long_sequence_pads_no_other_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few letters at a time as there can be give the same tokens, and a stop may leave little of a genome."""
    genes = Genes(["a", "b", "c"], ["ATGAAATAA", "ATG" + "TAA" * 4000, "ATGCCCGG"], None, "dna")
    whole = encode(genes, "amino_acid")
    monkeypatch.setattr("model.encoding._CHUNK", 1)
    again = encode(genes, "amino_acid")
    assert np.array_equal(whole.tokens.flat, again.tokens.flat)
    assert np.array_equal(whole.lengths, again.lengths)
    assert whole.tokens.width == 2
