from pathlib import Path

import pytest

from model.errors import DataError
from model.reading import read_genes


def fasta(folder: Path, *headers: str) -> Path:
    path = folder / "a.fasta"
    path.write_text("".join(f">{header}\nACGT\n" for header in headers))
    return path


def labels(path: Path, **options: object) -> list[bool]:
    found = read_genes(path, **options).labels  # type: ignore[arg-type]
    assert found is not None
    return [bool(label) for label in found]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("NODE|1", "NODE|1"),
        ("iso|1|S some words", "iso|1|S"),
        ("sp|P1|NAME_X Homo sapiens SV=2", "sp|P1|NAME_X"),
        ("g7|resistance=R", "g7|resistance=R"),
        ("contig 1", "contig"),
        ("g1;", "g1;"),
        ("", "1"),
    ],
)
def test_an_id_is_what_stands_before_the_first_blank(header: str, name: str, tmp_path: Path) -> None:
    assert read_genes(fasta(tmp_path, header), require_labels=False).ids == [name]


@pytest.mark.parametrize(
    ("resistant", "susceptible"),
    [
        ("x resistant=1", "y resistant=0"),
        ("x|resistance=R", "y|resistance=S"),
        ("x;Label=R;n=2", "y;label=S"),
        ("x, resistant=1, drug=A", "y, resistant=0, drug=A"),
        ("x [organism=Made up] [phenotype=resistant]", "y [phenotype = not resistant] subunit R"),
        ("x class=carbapenemase resistant=1", "y resistant=0 class=other"),
        ("x resistant=R phenotype=S", "y phenotype=S"),
        ("x label=1 labels=1", "y label=0"),
    ],
)
def test_a_label_by_its_key(resistant: str, susceptible: str, tmp_path: Path) -> None:
    assert labels(fasta(tmp_path, resistant, susceptible)) == [True, False]


def test_a_label_by_the_key_that_was_named(tmp_path: Path) -> None:
    path = fasta(tmp_path, "a drug=R pza=S", "b pza=R resistant=0")
    assert labels(path, label_column="pza") == [False, True]


def test_two_labels_in_one_header_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"'b phenotype=R class=S' has two labels: phenotype=R and class=S.*--label-column"
    ):
        labels(fasta(tmp_path, "a class=S", "b phenotype=R class=S"))


@pytest.mark.parametrize("header", ["g topoisomerase subunit S", "protein type 1", "contig 0", "iso|R", "g R"])
def test_a_last_word_that_looks_like_a_label_is_none(header: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No label column.*'>id resistant=1'.*--header-labels.*--labels"):
        labels(fasta(tmp_path, header, header))


def test_last_words_are_labels_where_the_user_says_so(tmp_path: Path) -> None:
    path = fasta(tmp_path, "a|R", "b strain 7 susceptible", "c resistant=1", "d|x;S")
    assert labels(path, header_labels=True) == [True, False, True, False]
    assert read_genes(path, header_labels=True).ids == ["a|R", "b", "c", "d|x;S"]


def test_last_words_that_are_no_labels_are_told_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not known: 'gyrA' in 2 records \(first in record 2\), 'parC' in record 4"):
        labels(fasta(tmp_path, "a R", "b gyrA", "c gyrA", "d parC"), header_labels=True)


def test_a_record_without_a_label_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the label is missing in record 2.*--missing drop"):
        labels(fasta(tmp_path, "a label=R", "b"))
    with pytest.raises(DataError, match=r"the label is missing in record 2.*--missing drop"):
        labels(fasta(tmp_path, "a R", "b"), header_labels=True)


def test_header_labels_and_another_place_of_labels_are_refused(tmp_path: Path) -> None:
    path = fasta(tmp_path, "a R", "b S")
    with pytest.raises(DataError, match="--header-labels and --label-column name two places"):
        labels(path, header_labels=True, label_column="pza")
    with pytest.raises(DataError, match="--header-labels and --labels name two places"):
        labels(path, header_labels=True, labels_path=path)
    (tmp_path / "a.csv").write_text("sequence,resistant\nACGT,1\n")
    with pytest.raises(DataError, match=r"a\.csv is not FASTA.*--label-column"):
        labels(tmp_path / "a.csv", header_labels=True)


def test_labels_from_a_table_are_found_by_whole_ids(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,resistant\niso|1,1\niso|0,0\n")
    assert labels(fasta(tmp_path, "iso|0 words", "iso|1"), labels_path=tmp_path / "t.csv") == [False, True]
