import numpy as np
import pytest

from model.errors import DataError
from model.genes import Genes
from model.snapshot import from_bytes, to_bytes


def test_round_trip_with_folds() -> None:
    genes = Genes(["a", "b", "b"], ["ACGN", "AC", "T"], np.array([True, False, True]), "dna", 1)
    again, folds = from_bytes(to_bytes(genes, np.array([0, 4, 2])))
    assert again.fingerprint() == genes.fingerprint()
    assert again.ambiguous_letters == 1
    assert folds is not None
    assert folds.dtype == np.int64
    assert folds.tolist() == [0, 4, 2]


def test_round_trip_without_labels_and_folds() -> None:
    again, folds = from_bytes(to_bytes(Genes(["a"], ["MK"], None, "protein")))
    assert again.labels is None
    assert folds is None
    assert again.alphabet == "protein"


def test_the_same_genes_give_the_same_bytes() -> None:
    genes = Genes(["a", "b"], ["ACG", "AC"], np.array([True, False]), "dna")
    assert to_bytes(genes, np.array([0, 1])) == to_bytes(genes.subset(np.array([0, 1])), np.array([0, 1]))


@pytest.mark.parametrize("damage", [b"", b"PAR1 and no more", to_bytes(Genes(["a"], ["AC"], None, "dna"))[:-20]])
def test_damaged_bytes_are_refused(damage: bytes) -> None:
    with pytest.raises(DataError, match="not readable"):
        from_bytes(damage)
