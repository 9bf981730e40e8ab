"""`--gaps keep`: a gap of an alignment is a letter of whole sequences, and none of codons and mutations."""

import json
from pathlib import Path

import numpy as np
import pytest

from hpo.study.contract import parse
from model.cleaning import Rules, clean
from model.coding import find_coding
from model.configuration import original_configuration
from model.encoder import Encoder
from model.encoding import UNKNOWN
from model.errors import DataError
from model.genes import Genes
from model.inspection import inspect
from model.mutations import find_relation
from model.network import build_network
from model.reading import read_genes
from model.saving.loading import load_model
from model.saving.writing import save_model
from model.splitting import group_ids

KEEP = Rules(gaps="keep")
ALIGNED = ["ATG---AAATTTGGG", "ATGCCCAAATT-GGG", "ATGCCCAAANTTGGG"]


def dna(sequences: list[str]) -> Genes:
    return Genes([str(row) for row in range(len(sequences))], sequences, np.arange(len(sequences)) % 2 == 0, "dna")


def test_gaps_of_either_sign_are_one_letter_and_counted(tmp_path: Path) -> None:
    cleaned = clean(["AC.-GT", "AC--GT", "----"], "dna", Rules(gaps="keep", missing="drop"))
    assert cleaned.sequences == ["AC--GT", "AC--GT"]
    assert cleaned.changes.gaps_kept == {"-": 7, ".": 1}
    assert cleaned.changes.gaps_removed == {}
    assert "8 gaps (- 7, . 1) kept as letters; 1 row dropped (sequence missing 1)" in cleaned.changes.in_words()
    path = tmp_path / "a.csv"
    path.write_text("sequence,resistant\nACG-,1\nACNT,0\n")
    assert read_genes(path, alphabet="dna", rules=KEEP).ambiguous_letters == 1


def test_nucleotides_have_a_letter_more() -> None:
    encoder = Encoder(gaps=True)
    encoded = encoder.encode(dna(ALIGNED), "nucleotide")
    assert encoder.vocabulary("nucleotide")[encoded.tokens.row(0)[3]] == "-"
    assert encoded.vocabulary_size == len(encoder.vocabulary("nucleotide")) == 7
    assert encoded.tokens.row(2)[9] == UNKNOWN
    assert encoder.spelled(6, 0, "nucleotide") and encoder.spelled(3, 6, "nucleotide") == "-"
    # The letter is there whether these genes have a gap or not, and is not where gaps are not kept.
    assert encoder.encode(dna(["ACGT"]), "nucleotide").vocabulary_size == 7
    assert Encoder().encode(dna(["ACGT"]), "nucleotide").vocabulary_size == 6


def test_proteins_likewise() -> None:
    encoded = Encoder(gaps=True).encode(Genes(["a", "b"], ["MK-T", "MKXT"], None, "protein"), "amino_acid")
    assert encoded.tokens.row(0)[2] == encoded.vocabulary_size - 1 != encoded.tokens.row(1)[2]


@pytest.mark.parametrize("encoding", ["codon", "amino_acid"])
def test_codons_are_read_without_gaps(encoding) -> None:
    kept, removed = dna(ALIGNED), dna([sequence.replace("-", "") for sequence in ALIGNED])
    one, other = Encoder(gaps=True).encode(kept, encoding), Encoder().encode(removed, encoding)
    assert np.array_equal(one.tokens.flat, other.tokens.flat)
    assert np.array_equal(one.lengths, other.lengths)


def test_mutations_and_translation_are_told_without_gaps() -> None:
    rows = ["ATGCCC---AAATTTGGG"] * 20 + ["ATGCCC---AAATTT---"] * 20
    removed = [sequence.replace("-", "") for sequence in rows]
    assert find_relation(dna(rows)).ancestors == find_relation(dna(removed)).ancestors
    assert find_coding(dna(rows)) == find_coding(dna(removed))
    assert inspect(dna(rows)).mutations == inspect(dna(removed)).mutations


def test_codons_cannot_be_cut_where_gaps_are_kept() -> None:
    with pytest.raises(DataError, match="gaps are kept"):
        clean(["ATG-TAACCC"], "dna", Rules(gaps="keep", inner_stops="cut"))
    assert clean(["MK-*WW"], "protein", Rules(gaps="keep", inner_stops="cut")).sequences == ["MK-"]


def test_a_model_reads_new_genes_as_it_learnt(tmp_path: Path) -> None:
    encoder, config = Encoder(gaps=True), original_configuration("dna")
    genes = dna(ALIGNED)
    size = encoder.encode(genes, "nucleotide").vocabulary_size
    network = build_network(config, vocabulary_size=size, consensus=np.zeros(15, np.int64), seed=0)
    letters = np.zeros((15, 4), dtype=np.uint8)
    save_model(tmp_path, [network], config, "dna", encoder, letters, {}, KEEP)
    loaded = load_model(tmp_path)
    assert (loaded.rules, loaded.encoder) == (KEEP, encoder)
    folder_says = json.loads((tmp_path / "config.json").read_text())
    assert folder_says["vocabulary"][-1] == "-"


def test_a_study_reads_its_genes_with_gaps() -> None:
    from contract_documents import DOCUMENT

    cleaning = {**DOCUMENT["data"]["cleaning"], "gaps": "keep", "gaps_kept": {"-": 2}}
    contract = parse({**DOCUMENT, "data": {**DOCUMENT["data"], "cleaning": cleaning}}, "s")
    assert contract.encoder.gaps
    assert contract.data.cleaning.changes.gaps_kept == {"-": 2}


def test_one_sequence_with_its_gap_elsewhere_stays_on_one_side_of_a_split() -> None:
    """Mutations are read without gaps, so these rows are the same to whoever learns from mutations."""
    proteins = ["".join(np.random.default_rng(row).choice(list("ACDEFGHIKL"), 30)) for row in range(20)]
    rows = [text for protein in proteins for text in (f"{protein}---", f"{protein[:15]}---{protein[15:]}")]
    genes = Genes([str(row) for row in range(40)], rows, None, "protein")
    together = group_ids(genes, ("amino_acid", "mutation"))
    assert np.array_equal(together[::2], together[1::2])
    assert len(set(together.tolist())) == 20
    assert len(set(group_ids(genes, ("amino_acid",)).tolist())) == 40


def test_rows_that_are_not_aligned_cannot_keep_gaps() -> None:
    with pytest.raises(
        DataError, match=r"1 of 3 rows are not 4 letters long, as aligned rows are: row 2.*--gaps remove"
    ):
        clean(["AC-T", "ACGTT", "ACGT"], "dna", KEEP)
    assert clean(["ACT", "ACGTT"], "dna", KEEP).sequences == ["ACT", "ACGTT"]
