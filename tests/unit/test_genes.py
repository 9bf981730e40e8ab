import numpy as np
import pytest

from model.alphabet import clean, count_ambiguous
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


@pytest.mark.parametrize(
    ("raw", "alphabet", "cleaned"),
    [
        ("ac gu\tt\n", "dna", "ACGTT"),
        ("ACGN-".replace("-", ""), "auto", "ACGN"),
        ("mkv*", "protein", "MKV"),
        ("MUX", "protein", "MUX"),
        ("ac\u00a0gt", "dna", "ACGT"),
    ],
)
def test_clean(raw: str, alphabet: str, cleaned: str) -> None:
    assert clean([raw], alphabet)[0] == [cleaned]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "alphabet", "told"),
    [
        ("ACGE", "dna", r"Row 2: letter 'E' at position 4"),
        ("AC-GT", "dna", r"letter '-' at position 3.*alignment gaps"),
        ("MK*V", "protein", r"letter '\*' at position 3.*stop sign"),
        ("MKé", "protein", r"Row 2: 'é' at position 3"),
        (" ", "dna", r"Row 2: the sequence is empty"),
        ("*", "protein", r"Row 2: the sequence is empty"),
    ],
)
def test_clean_names_row_and_letter(raw: str, alphabet: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        clean(["ACG", raw], alphabet)  # type: ignore[arg-type]


def test_one_wrong_letter_does_not_make_genes_into_proteins() -> None:
    with pytest.raises(DataError, match="Row 1: letter 'E' at position 50 is not a DNA"):
        clean(["ACGT" * 12 + "AE", "ACGT" * 12])


def test_proteins_are_detected() -> None:
    assert clean(["PQITLWQRPLVTIKIGGQLKEALLDTGADDTVLEE"])[1] == "protein"


def test_a_mixture_of_letters_asks_which_alphabet_it_is() -> None:
    with pytest.raises(DataError, match="--alphabet dna or --alphabet protein"):
        clean(["ACGTACG", "MKVL"])
