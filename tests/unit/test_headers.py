"""Headers that other programs write: one name too few, or a comment."""

from pathlib import Path

import pytest

from model.errors import DataError
from model.reading import read_genes
from model.reading.preamble import without_preamble


@pytest.mark.parametrize("letters", ["MKVAAPLLNNGGRRTTEEDD", "ACGTACGTACGTACGTACGT"])
def test_a_header_that_lacks_the_last_name_shifts_no_column(letters: str, tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text("id,sequence\n" + "".join(f"g{row},{letters},{'RS'[row % 2]}\n" for row in range(6)))
    with pytest.raises(DataError, match="Row 2: 3 column"):
        read_genes(path, require_labels=False)


def test_row_names_of_r_may_be_ids(tmp_path: Path) -> None:
    path = tmp_path / "genes.tsv"
    path.write_text("sequence\tresistant\n" + "".join(f"g{row}\t{'ACGT' * 6}\t{row % 2}\n" for row in range(6)))
    assert read_genes(path).sequences == ["ACGT" * 6] * 6


@pytest.mark.parametrize("text", ["#id\tresistant\ng0\t0\n", "# made by hand\n#id,sequence,resistant\ng0,ACGT,0\n"])
def test_a_comment_with_usual_names_is_the_header(text: str) -> None:
    assert b"id" in without_preamble(text.encode()).splitlines()[-2]
    kept = "# id, name of the isolate\nid,sequence\na,ACGT\n"
    assert without_preamble(kept.encode()).splitlines()[0] == b""


def test_rows_may_end_with_a_delimiter_that_the_header_lacks(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text("id,sequence,resistant\na,ACGT,1,\nb,ACGA,0,\n")
    genes = read_genes(path, alphabet="dna")
    assert (genes.ids, genes.sequences) == (["a", "b"], ["ACGT", "ACGA"])
    path.write_text("id,sequence,resistant\n" + "a,ACGT,1,\n" * 9 + "b,ACGA,0\n")
    with pytest.raises(DataError, match="Row 11: 3 column"):
        read_genes(path)
