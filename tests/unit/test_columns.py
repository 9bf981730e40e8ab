"""Which column is read: by what it holds, not by its name alone."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.cleaning import Rules
from model.errors import DataError
from model.reading import read_genes
from model.reading.kinds import kind_of

DNA = ["ATGGCTAAACCCGGGTTTATG", "ATGGCTAAACCCGGGTTTATA", "ATGGCTAAACCCNGGTTTATG"]
PROTEIN = ["MKTAYIAKQRQISFVKSHFSRQ", "MKTAYIAKQRQISFVKSHFSRW", "MKTAYIAKQXQISFVKSHFSRR"]
NAMES = ["rpoB", "katG", "pncA"]


def table(folder: Path, **columns: list[str]) -> Path:
    rows = zip(*columns.values(), strict=True)
    path = folder / "genes.csv"
    path.write_text("\n".join(",".join(row) for row in [tuple(columns), *rows]) + "\n")
    return path


@pytest.mark.parametrize("names", [NAMES, ["KATG"] * 3, ["fam"] * 3])
@pytest.mark.parametrize("column", ["nt_seq", "rpoB_seq", "x", "Sequence protein"])
@pytest.mark.parametrize("sequences", [DNA, PROTEIN])
def test_names_of_genes_are_no_sequences(column: str, names: list[str], sequences: list[str], tmp_path: Path) -> None:
    path = table(tmp_path, isolate=["a", "b", "c"], gene=names, **{column: sequences}, phenotype=["R", "S", "R"])
    genes = read_genes(path)
    assert genes.sequences == sequences
    assert genes.provenance.columns == {"sequence": column, "label": "phenotype", "id": "isolate"}
    assert genes.provenance.ignored == ("gene",)


def test_sequences_in_gene_are_read(tmp_path: Path) -> None:
    path = table(tmp_path, gene=DNA, note=["ACGT"] * 3, label=["1", "0", "1"])
    assert read_genes(path).provenance.columns["sequence"] == "gene"


def test_a_usual_name_wins_over_a_longer_column(tmp_path: Path) -> None:
    path = table(
        tmp_path, sequence=["SIINFEKL", "GILGFVFTL", "NLVPMVATV"], source_protein=PROTEIN, label=["1", "0", "1"]
    )
    assert read_genes(path).provenance.columns["sequence"] == "sequence"


def test_a_usual_name_over_ids_does_not_win(tmp_path: Path) -> None:
    path = table(tmp_path, sequence=["NC_000962", "NC_000963", "NC_000964"], cds=DNA, label=["1", "0", "1"])
    assert read_genes(path).provenance.columns["sequence"] == "cds"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"gene": NAMES}, "No sequence column was found, and 'gene' holds no sequences.*--sequence-column"),
        ({"gene": ["KATG"] * 3}, "'gene' holds no sequences"),
        (
            {"nt_seq": DNA, "aa_seq": PROTEIN},
            "Several columns may hold the sequence: nt_seq, aa_seq.*--sequence-column",
        ),
        ({"sequence": DNA, "seq": DNA}, "Several columns may hold the sequence: sequence, seq"),
        ({"sequence": ["1", "2", "3"]}, "odd letters '1' once, '2' once, '3' once, in row 2.*--sequence-column"),
    ],
)
def test_columns_that_are_not_clear(columns: dict[str, list[str]], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(table(tmp_path, **columns, resistant=["1", "0", "1"]))


def test_a_column_that_is_taken_for_labels_is_not_searched(tmp_path: Path) -> None:
    path = table(tmp_path, a=DNA, b=DNA)
    with pytest.raises(DataError, match="Several columns may hold the sequence: a, b"):
        read_genes(path, require_labels=False)
    with pytest.raises(DataError, match="not known: 'ATGGCTAAACCCGGGTTTATG' in row 2"):
        read_genes(path, label_column="b")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (DNA, "long"),
        (PROTEIN, "long"),
        (["acgtacgtac acgtacgtac"], "long"),
        (["MKTAYIAKQR QISFVKSHFS RQ"], "long"),
        (["ACGT", None, "NA", "ac"], "bases"),
        (["KATG", "fam"], "short"),
        (NAMES, "other"),
        (["made up", "made up"], "other"),
        (["isolate of a patient with fever", "seen in the intensive care unit"], "other"),
        (["NC_000962.3"], "other"),
        ([1.5, 2.5], "other"),
        ([None, float("nan"), "NA", " "], "empty"),
    ],
)
def test_what_a_column_holds(values: list[object], kind: str) -> None:
    assert kind_of(values) == kind


def test_a_column_that_the_user_names_must_hold_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "label": [1, 0]}), tmp_path / "genes.parquet")
    with pytest.raises(DataError, match=r"Record 1: the sequence is not text but '1'.*--sequence-column"):
        read_genes(tmp_path / "genes.parquet", sequence_column="a")


def test_columns_of_parquet_are_looked_into(tmp_path: Path) -> None:
    pq.write_table(pa.table({"gene": NAMES, "x": DNA, "label": [1, 0, 1]}), tmp_path / "genes.parquet")
    assert read_genes(tmp_path / "genes.parquet").sequences == DNA


def test_a_column_of_phenotypes_is_found_whatever_its_name(tmp_path: Path) -> None:
    path = table(tmp_path, sequence=DNA, rifampicin=["R", "S", ""], checked=["1", "0", "1"])
    assert read_genes(path, rules=Rules(missing="drop")).provenance.columns["label"] == "rifampicin"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (
            {"ampicillin": ["R", "S", "R"], "colistin": ["S", "S", "R"]},
            r"Several columns may hold the label: 'ampicillin' \(R 2, S 1\), 'colistin' \(S 2, R 1\).*--label-column",
        ),
        ({"label": ["1", "0", "1"], "labels": ["1", "1", "1"]}, r"the label: 'label' \(1 2, 0 1\), 'labels' \(1 3\)"),
        (
            {"checked": ["1", "0", "1"], "note": ["a", "b", "c"]},
            r"No label column was found.* Columns that could be it: 'checked' \(1 2, 0 1\)\. .*--label-column",
        ),
    ],
)
def test_labels_that_are_not_clear_are_told_with_what_they_hold(
    columns: dict[str, list[str]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(table(tmp_path, sequence=DNA, **columns))


def test_a_table_without_a_header_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text("".join(f"g{row},{gene},{row % 2}\n" for row, gene in enumerate(DNA)))
    for labelled in (True, False):
        with pytest.raises(DataError, match=r"first line names no columns.*'g0', 'ATGGCTAAACCCGGGTTTATG', '0'"):
            read_genes(path, require_labels=labelled)
