import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.errors import DataError
from model.genes import Genes
from model.reading import read_genes

DATA = Path(__file__).parents[3] / "shared" / "data"


def write(folder: Path, text: str, name: str = "genes.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def labels(genes: Genes) -> list[bool]:
    assert genes.labels is not None
    return [bool(label) for label in genes.labels]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("id,sequence,resistant\nx,acgu,1\ny,AC NN,0\n", "a.csv"),
        ("id\tseq\tlabel\nx\tACGT\tR\ny\tACNN\tS\n", "a.csv"),
        ("\ufeffName;GENE;Phenotype\nx;ACGT;Resistant\ny;ACNN;susceptible\n", "a.txt"),
        ('"id","Sequence","resistant"\r\n"x","AC\nGT",TRUE\r\n"y","ACNN",false\r\n', "a.csv"),
        ("\nid,gene,sequence,class\n\nx,pncA,ACGT,1.0\ny,pncA,ACNN,0.0", "a.csv"),
        (">x resistant=1\nAC\nGT\n>y Label=s\nACNN\n", "a.fasta"),
        ("\n>x [organism=Made up] [phenotype=not resistant] resistant=R\nACGT\n>y label=S;drug=R\nACNN\n", "a.fa"),
    ],
)
@pytest.mark.parametrize("gzipped", [False, True])
def test_texts_that_mean_the_same(text: str, name: str, gzipped: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if gzipped else data)
    genes = read_genes(path)
    assert genes.ids == ["x", "y"]
    assert genes.sequences == ["ACGT", "ACNN"]
    assert labels(genes) == [True, False]
    assert genes.alphabet == "dna"
    assert genes.ambiguous_letters == 2


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, 0.0], ["R", "s"]])
def test_parquet_takes_any_type_of_label(values: list[object], tmp_path: Path) -> None:
    pq.write_table(pa.table({"sequence": ["ACGT", "AC"], "resistant": values}), tmp_path / "a.parquet")
    genes = read_genes(tmp_path / "a.parquet")
    assert labels(genes) == [True, False]
    assert genes.ids == ["1", "2"]


def test_columns_named_by_options(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,c,resistant,sequence\nACGT,1,x,junk,junk\nAC,0,y,junk,junk\n")
    genes = read_genes(path, sequence_column="a", label_column="B", id_column="c")
    assert (genes.ids, genes.sequences, labels(genes)) == (["x", "y"], ["ACGT", "AC"], [True, False])


@pytest.mark.parametrize(
    ("header", "options", "told"),
    [
        ("foo,resistant", {}, "No sequence column.*'foo', 'resistant'.*--sequence-column"),
        ("sequence,foo", {}, "No label column.*'sequence', 'foo'.*--label-column"),
        ("sequence,foo", {"label_column": "bar"}, "label column 'bar' is not there.*--label-column"),
        ("sequence,foo", {"label_column": "foo", "id_column": "bar"}, "id column 'bar' is not.*--id-column"),
        ("foo,foo", {"sequence_column": "foo"}, "2 columns are 'foo'"),
        ("sequence,foo", {"label_column": "sequence"}, "'sequence' is taken for two of.*'sequence', 'foo'"),
        ("id,sequence", {"label_column": "id"}, "'id' is taken for two of"),
        ("ACGT" * 20 + ",1", {}, r"it is a row itself \('(ACGT){10}\.\.\.', '1'\)"),
    ],
)
def test_columns_that_are_not_clear(header: str, options: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(write(tmp_path, f"{header}\nACGT,1\n"), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("ACGT,1\nACGT,maybe", "Labels that are not known: 'maybe' in row 3"),
        ("ACGT,1\nACGT,", "the label is missing in row 3.*--missing drop"),
        ("ACGT,1\nACGT,I", "Intermediate results: 'I' in row 3.*--intermediate resistant"),
        ("ACGT,1\n,0", "the sequence is missing in row 3.*--missing drop"),
        ("ACGT,1\nACGT,1\nACGT,1,2", "Row 4: 3 column"),
        ("ACGTACGTACGTE,1", r"odd letters 'E' once, in row 2 \(at position 13\) \(allowed: ACGT, U and.*--odd-letters"),
    ],
)
def test_rows_that_cannot_be_used_are_named(rows: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(write(tmp_path, f"sequence,resistant\n{rows}\n"))


def test_labels_in_a_table_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path, ">a some words\nACGT\n>b\nAC\n", "a.fasta")
    table = write(tmp_path, "isolate\tresult\tid\nz\tS\tb\nz\tS\tunused\nz\tR\ta\n", "labels.tsv")
    assert labels(read_genes(path, labels_path=table, label_column="result")) == [True, False]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("id,label\na,R\n", r"1 of 2 genes are not in the label table: 'b \(record 2\)'. Ids found there: 'a'"),
        ("id,label\na,R\nb,S\na,S\n", r"row 4: 'a' has the labels 'R' \(row 2\) and 'S'.*one measurement.*spreadsheet"),
        ("label\nR\nS\n", "no column of ids. Columns found: 'label'.*--id-column"),
    ],
)
def test_label_tables_that_do_not_fit(table: str, told: str, tmp_path: Path) -> None:
    path = write(tmp_path, ">a\nACGT\n>b\nAC\n", "a.fasta")
    with pytest.raises(DataError, match=told):
        read_genes(path, labels_path=write(tmp_path, table, "labels.csv"))


def test_labels_are_left_alone_where_none_are_needed(tmp_path: Path) -> None:
    path = write(tmp_path, "sequence,class\nACGT,whatever\n")
    assert read_genes(path, require_labels=False).labels is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"PK\x03\x04rest", "zip file .* is damaged"),
        (b"\x1f\x8bnot gzip", "gzip file .* is damaged"),
        # Without the time of day: it would be part of the name of the test.
        (gzip.compress(b"sequence,resistant\n" * 99, mtime=0)[:-9], "gzip file .* is damaged"),
        (b"\x7fELF\0\0", "binary file"),
        (b"PAR1 no", "Parquet file .* cannot be read"),
        (b"sequence,resistant\nAC\xff,1\n", "UTF-8"),
        (b"sequ\xffnce,resistant\nAC,1\n", "UTF-8"),
        (b">a\xff R\nACGT\n", "UTF-8"),
        (b"sequence,resistant\n", "has no rows"),
        (b"sequence,resistant\n\n \n", "has no rows"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=told):
        read_genes(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_genes(tmp_path / "no.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_genes(tmp_path)


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
def test_real_data() -> None:
    protease = read_genes(DATA / "hiv_nelfinavir.csv")
    assert (len(protease), protease.alphabet, sum(labels(protease))) == (1532, "protein", 809)
    table, pickled = read_genes(DATA / "pnca_pyrazinamide.csv.gz"), read_genes(DATA / "pnca_dataset.npy")
    assert table.sequences == pickled.sequences
    assert labels(table) == labels(pickled)
