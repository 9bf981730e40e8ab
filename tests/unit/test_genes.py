import numpy as np
import pytest

from model.alphabet import count_ambiguous
from model.errors import DataError
from model.genes import Genes, join


def genes(*sequences: str, labels: list[bool] | None = None) -> Genes:
    marked = None if labels is None else np.array(labels)
    ids = [str(row) for row in range(1, len(sequences) + 1)]
    return Genes(ids, list(sequences), marked, "dna", count_ambiguous(sequences, "dna"))


def test_subset_takes_rows_in_the_order_given_and_counts_their_ambiguity() -> None:
    some = genes("ACGT", "ANNT", "AAAN", labels=[True, False, True]).subset(np.array([2, 0]))
    assert some.ids == ["3", "1"]
    assert some.sequences == ["AAAN", "ACGT"]
    assert some.labels is not None
    assert some.labels.tolist() == [True, True]
    assert some.ambiguous_letters == 1


def test_subset_takes_a_mask() -> None:
    assert genes("AC", "GT").subset(np.array([False, True])).sequences == ["GT"]


def test_fingerprint_depends_on_order_labels_and_where_fields_end() -> None:
    first = genes("AC", "GT", labels=[True, False])
    others = [
        genes("GT", "AC", labels=[True, False]),
        genes("AC", "GT", labels=[True, True]),
        genes("ACG", "T", labels=[True, False]),
        genes("AC", "GT"),
    ]
    assert genes("AC", "GT", labels=[True, False]).fingerprint() == first.fingerprint()
    assert len({first.fingerprint(), *(other.fingerprint() for other in others)}) == 5


def test_join_keeps_order_and_labels() -> None:
    both = join(genes("AN", labels=[True]), genes("CC", labels=[False]))
    assert both.sequences == ["AN", "CC"]
    assert both.labels is not None
    assert both.labels.tolist() == [True, False]
    assert both.ambiguous_letters == 1


def test_join_refuses_two_alphabets() -> None:
    with pytest.raises(DataError, match="cannot be joined"):
        join(genes("AC"), Genes(["1"], ["MK"], None, "protein"))
