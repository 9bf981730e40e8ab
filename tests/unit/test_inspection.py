import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.inspect_data import as_text, look_at
from model.errors import DataError
from model.genes import Genes, LabelWord
from model.inspection import Lengths, MutationInspection, count_early_stops, inspect
from model.reading import read_genes

DATA = Path(__file__).parents[3] / "shared" / "data"


def test_counts_duplicates_and_the_ceiling() -> None:
    # As proteins all but the last are ML; as nucleotides rows 1 to 3 are copies, one with the other label.
    sequences = ["ATGTTA"] * 3 + ["ATGCTG", "ATGTAANNN"]
    found = inspect(Genes([""] * 5, sequences, np.array([True, True, False, False, False]), "dna", 3))
    assert (found.rows, found.resistant, found.susceptible) == (5, 2, 3)
    assert found.majority_accuracy == 0.6
    assert found.length == Lengths(6, 6.0, 9)
    assert found.ambiguous_share == 3 / 33
    nucleotide, codon, amino_acid = found.encodings
    assert (nucleotide.distinct, nucleotide.commonest, nucleotide.commonest_share) == (3, 3, 0.6)
    assert (nucleotide.contradictory, nucleotide.contradictory_rows, nucleotide.ceiling) == (1, 3, 0.8)
    assert codon.length == Lengths(1, 2.0, 2)
    assert (amino_acid.distinct, amino_acid.contradictory_rows, amino_acid.ceiling) == (2, 4, 0.6)


def test_as_dict_is_json() -> None:
    found = inspect(Genes(["1"], ["MKV"], np.array([True]), "protein"))
    assert json.loads(json.dumps(found.as_dict()))["encodings"][0]["ceiling"] == 1.0


def test_only_a_stop_cuts_a_gene_short() -> None:
    whole, stopped, fragment = "GCT" * 20 + "TAA", "GCT" * 8 + "TAA" + "GCT" * 12, "GCT" * 8
    assert count_early_stops(Genes(["a", "b", "c"], [whole, stopped, fragment], None, "dna")) == 1
    assert count_early_stops(Genes(["a"], ["MKV"], None, "protein")) is None


def test_labels_are_needed() -> None:
    with pytest.raises(DataError, match="--label-column"):
        inspect(Genes(["1"], ["MKV"], None, "protein"))


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
def test_the_ceiling_of_pnca_is_the_known_one() -> None:
    found = inspect(read_genes(DATA / "pnca_dataset.npy"))
    assert found.encodings[0].distinct == 570
    assert round(found.encodings[0].ceiling, 3) == 0.863


def proteins(*sequences: str) -> Genes:
    return Genes([""] * len(sequences), list(sequences), np.arange(len(sequences)) % 2 == 0, "protein")


ANCESTOR = "MKTAYIAKQRQISFVKSHFS"
#: None, none, one and two mutations, an early stop, and a stranger: six of its twenty letters are others.
RELATIVES = proteins(
    ANCESTOR,
    ANCESTOR,
    "MKSAYIAKQRQISFVKSHFS",
    "MKTAYIAKQRQISFVKSAFA",
    ANCESTOR[:12],
    "MWWWWWWKQRQISFVKSHFS",
)


def test_mutations_of_relatives_are_counted() -> None:
    found = inspect(RELATIVES)
    assert found.mutations == MutationInspection("mutation", positions=20, median=1.0, longest=6, far=1)
    assert found.divergence == 1 / 20


def test_strangers_have_no_mutations_and_their_distance_is_told() -> None:
    rng = np.random.default_rng(0)
    found = inspect(proteins(*("".join(rng.choice(list("ACDEFGHIKL"), 40)) for _ in range(20))))
    assert found.mutations is None
    assert found.divergence is not None
    assert found.divergence > found.largest_divergence == 0.2


def look(genes: Genes) -> dict[str, Any]:
    return look_at(genes, source="a.csv", genetic_code=1, folds=2, test_size=0.2, seed=0, duplicates="together")


def test_inspect_tells_people_and_scripts_of_mutations() -> None:
    findings = json.loads(json.dumps(look(RELATIVES)))
    assert findings["mutations"] == {"encoding": "mutation", "positions": 20, "median": 1.0, "longest": 6, "far": 1}
    said = as_text(findings)
    assert "as mutations of amino acids of an ancestor of 20 letters:" in said
    assert "median 1, at most 6" in said
    assert "1 of the genes differ in more than 20% of the letters" in said
    assert "whole sequences" not in said


def test_inspect_tells_how_labels_were_read() -> None:
    words = (LabelWord("at or above 4", "resistant", 3), LabelWord("S", "susceptible", 3), LabelWord("U", "drop", 2))
    findings = json.loads(json.dumps(look(replace(RELATIVES, label_words=words))))
    assert findings["label_words"][0] == {"word": "at or above 4", "meaning": "resistant", "rows": 3}
    assert "'at or above 4' is resistant (3 rows), 'S' is susceptible (3 rows), 'U' is left out (2 rows)" in as_text(
        findings
    )
    many = tuple(LabelWord(f"w{number}", "drop", 1) for number in range(25))
    assert "'w19' is left out (1 row), and 5 others" in as_text(look(replace(RELATIVES, label_words=many)))


def test_inspect_says_why_whole_sequences_are_read() -> None:
    rng = np.random.default_rng(0)
    findings = look(proteins(*("".join(rng.choice(list("ACDEFGHIKL"), 40)) for _ in range(20))))
    assert findings["mutations"] is None
    said = as_text(findings)
    assert "whole sequences are read" in said
    assert f"differ from a common ancestor in {findings['divergence']:.1%} of its letters (limit 20%)" in said
    assert "mutations " not in said


def test_genes_that_cannot_be_compared_are_said_to_be_such() -> None:
    genes = Genes(["a", "b"], ["A" * 65_001] * 2, np.array([True, False]), "protein")
    assert "they cannot be compared letter by letter" in as_text(look(genes))
