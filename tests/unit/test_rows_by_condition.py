"""`--where`: rows that are read, by what another column of the file or of the label table holds."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.cleaning import Rules
from model.errors import DataError
from model.reading import read_genes

LONG = """id,sequence,drug,label
a,ACGTACGT,Ampicillin,R
b,ACGTACGA,ampicillin ,S
a,ACGTACGT,colistin,S
b,,colistin,
c,ACGE,penicillin,?
"""


def write(folder: Path, text: str, name: str = "genes.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_rows_that_do_not_meet_it_are_not_read_and_counted(tmp_path: Path) -> None:
    genes = read_genes(write(tmp_path, LONG), where={"Drug": "ampicillin"})
    assert genes.ids == ["a", "b"]
    assert genes.labels is not None and genes.labels.tolist() == [True, False]
    assert genes.provenance.changes.dropped == {"drug is not ampicillin": 3}
    assert "Rows read: where Drug is ampicillin." in genes.provenance.in_words()


def test_rows_keep_their_numbers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"sequence is missing in row 5; the label is missing in row 5"):
        read_genes(write(tmp_path, LONG), where={"drug": "colistin"})
    with pytest.raises(DataError, match=r"odd letters 'E' once, in row 6"):
        read_genes(write(tmp_path, LONG.replace("?", "R")), where={"drug": "penicillin"}, alphabet="dna")
    nameless = write(tmp_path, LONG.replace("id,", "number,"))
    assert read_genes(nameless, where={"drug": "colistin"}, rules=Rules(missing="drop")).ids == ["3"]


def test_all_conditions_must_hold(tmp_path: Path) -> None:
    assert read_genes(write(tmp_path, LONG), where={"drug": "ampicillin", "id": "b"}).ids == ["b"]
    with pytest.raises(DataError, match="No row meets all conditions"):
        read_genes(write(tmp_path, LONG), where={"drug": "penicillin", "id": "b"})


def test_a_condition_on_the_label_table_keeps_one_measurement(tmp_path: Path) -> None:
    path = write(tmp_path, ">a\nACGTACGT\n>b\nACGTACGA\n", "genes.fasta")
    table = write(tmp_path, "id,drug,label\na,x,R\na,y,S\nb,x,S\nb,y,S\n", "labels.csv")
    with pytest.raises(DataError, match=r"'a' has the labels 'R' \(row 2\) and 'S'.*\(--where drug=x\)"):
        read_genes(path, labels_path=table)
    genes = read_genes(path, labels_path=table, where={"drug": "y"})
    assert genes.labels is not None and not genes.labels.any()
    assert genes.provenance.columns["label"] == "label"


def test_genes_that_the_label_table_lacks_may_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, ">a\nACGTACGT\n>b\nACGTACGA\n", "genes.fasta")
    genes = read_genes(path, labels_path=write(tmp_path, "id,label\na,R\n", "l.csv"), rules=Rules(missing="drop"))
    assert genes.ids == ["a"]
    assert genes.provenance.changes.dropped == {"label missing": 1}
    with pytest.raises(DataError, match="2 of 2 genes are not in the label table"):
        read_genes(path, labels_path=write(tmp_path, "id,label\nz,R\n", "l.csv"), rules=Rules(missing="drop"))


def test_an_id_that_lost_its_last_zero_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, ">562.1\nACGTACGT\n>562.10\nACGTACGA\n", "genes.fasta")
    with pytest.raises(DataError, match=r"'562.10 \(record 2\)'.*spreadsheet has shortened ids"):
        read_genes(path, labels_path=write(tmp_path, "id,label\n562.1,R\n562.1,R\n", "l.csv"))


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (
            {"drug": "rifampicin"},
            "no row has this value. The column holds 'colistin' 2, 'Ampicillin' 1",
        ),
        ({"drug": "colistin", "Drug": "penicillin"}, "names column 'drug' twice"),
        ({"medicine": "x"}, "there is no such column. Columns found: 'id', 'sequence', 'drug', 'label'"),
    ],
)
def test_conditions_that_nothing_meets_are_told_with_what_is_there(
    where: dict[str, str], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(write(tmp_path, LONG), where=where)


def test_genes_without_ids_have_no_label_table(tmp_path: Path) -> None:
    path = write(tmp_path, "sequence\nACGTACGT\nACGTACGA\n")
    with pytest.raises(DataError, match="These genes have no ids"):
        read_genes(path, labels_path=write(tmp_path, "id,label\n1,R\n2,S\n", "l.csv"))


def test_rows_of_the_label_table_without_an_id_are_nobody_s(tmp_path: Path) -> None:
    path = write(tmp_path, ">a\nACGTACGT\n>NA\nACGTACGA\n", "genes.fasta")
    table = write(tmp_path, "id,label\na,R\na,r\nNA,S\n,S\n,R\n", "l.csv")
    with pytest.raises(DataError, match=r"1 of 2 genes are not in the label table: 'NA \(record 2\)'"):
        read_genes(path, labels_path=table)


def test_whole_numbers_meet_a_condition_as_they_are_read(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"sequence": ["ACGTACGT"] * 3, "year": [2019.0, 2020.0, None], "label": [1, 0, 1]}),
        tmp_path / "g.parquet",
    )
    assert len(read_genes(tmp_path / "g.parquet", where={"year": "2019"}, alphabet="dna")) == 1
