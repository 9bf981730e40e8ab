import json
from pathlib import Path

import numpy as np
import pytest

from model.errors import DataError
from model.genes import Genes
from model.inspection import Lengths, count_early_stops, inspect
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
