"""Sequences that are much longer than the others: a mistake that would cost memory."""

import pytest

from model.cleaning import clean
from model.errors import DataError


def test_one_genome_among_genes_is_named_with_a_limit_that_can_be_raised() -> None:
    texts = ["ACGT" * 50] * 20 + ["ACGT" * 5000]
    with pytest.raises(
        DataError, match=r"1 of 21 sequences .* than 5,000 letters .* row 21; the longest has 20,000.*--longest 20000"
    ):
        clean(texts, "dna")
    assert len(clean(texts, "dna", longest=20_000).sequences) == 21
    with pytest.raises(DataError, match="longer than 100 letters"):
        clean(texts, "dna", longest=100)
    assert len(clean(["ACGT" * 5000] * 3, "dna").sequences) == 3
