import codecs
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import DataError
from model.reading import read_genes
from model.reading.preamble import without_preamble

COLUMNS = {"id": ["x", "y"], "sequence": ["ACGT", "ACNN"], "resistant": [True, False]}
RECORDS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def put(data: str | bytes, folder: Path) -> Path:
    path = folder / "genes.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def check(path: Path) -> None:
    genes = read_genes(path)
    assert genes.labels is not None
    assert (genes.ids, genes.sequences, genes.labels.tolist()) == (["x", "y"], ["ACGT", "ACNN"], [True, False])


@pytest.mark.parametrize(
    "text",
    [
        "id|sequence|resistant\nx|ACGT|1\ny|ACNN|0\n",
        "sep=;\r\nid;sequence;resistant\r\nx;ACGT;1\r\ny;ACNN;0\r\n",
        "\ufeffsep=,\nid,sequence,resistant\nx,ACGT,1\ny,ACNN,0\n",
        '"SEP=\t"\nid\tsequence\tresistant\nx\tACGT\t1\ny\tACNN\t0\n',
        "# made by, a; pipeline\n#\n\n  # second\nid,sequence,resistant\nx,ACGT,1\ny,ACNN,0\n",
        "sep=;\n# note\nid;sequence;resistant\nx;ACGT;1\ny;ACNN;0\n",
        "id\tsequence\tresistant\n1\tx\tACGT\t1\n2\ty\tACNN\t0\n",
        '# R\n"id","sequence","resistant"\n"1","x","ACGT",1\n"2","y","ACNN",0\n',
        "id,sequence,resistant\n1,x,ACGT,1\n2,y,ACNN,\n".replace("ACNN,\n", "ACNN,0\n"),
    ],
)
def test_what_stands_above_a_table_is_no_part_of_it(text: str, tmp_path: Path) -> None:
    check(put(text, tmp_path))


def test_a_header_may_be_the_last_comment(tmp_path: Path) -> None:
    text = f"# made, by, hand\n#id\tSequence\tresistant\nx\t{'ACGT' * 9}\t1\ny\t{'AC' * 9}\t0\n"
    genes = read_genes(put(text, tmp_path))
    assert (genes.ids, genes.sequences) == (["x", "y"], ["ACGT" * 9, "AC" * 9])


@given(st.text(max_size=200))
def test_a_table_without_a_preamble_is_left_as_it_is(text: str) -> None:
    data = f"sequence,resistant\n{text}".encode()
    made = without_preamble(data)
    first = b"sequence,resistant\n"
    assert made in (data, b"row.names," + data, data.replace(first, b"sequence,resistant,\n", 1))


@given(st.lists(st.sampled_from(["sep=;", "# note", "#", "", "  # a,b"]), max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_lines_keep_their_numbers(above: list[str], end: str) -> None:
    data = end.join([*above, "id,sequence,resistant", "x,ACGT,1", ""]).encode()
    lines = without_preamble(data).split(end.encode())
    assert len(lines) == len(above) + 3
    assert lines[len(above)] == b"id,sequence,resistant"
    assert above[1:].count("sep=;") or not any(line.strip() for line in lines[: len(above)])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # One long row is a mistake.
        ("id,sequence,resistant\nx,ACGT,1,1\ny,ACNN,0\n", "Row 2.*4 column"),
        ("# only a comment\n", "No sequence column|has no rows"),
        ("sep=;\n", "No sequence column|has no rows"),
    ],
)
def test_tables_that_are_still_wrong(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(put(text, tmp_path))


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize(
    "text", ["id\tsequence\tresistant\r\nx\tACGT\t1\r\ny\tACNN\t0\r\n", ">x label=R\nACGT\n>y label=S\nACNN\n"]
)
def test_wide_text_with_a_mark(mark: bytes, encoding: str, text: str, tmp_path: Path) -> None:
    check(put(mark + text.encode(encoding), tmp_path))


def test_wide_text_that_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not UTF-16 text.*Save it as UTF-8"):
        read_genes(put(codecs.BOM_UTF16_LE + b"a\0b", tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(COLUMNS),
        json.dumps(COLUMNS | {"drug": "ampicillin", "year": 2026, "note": None}),
        json.dumps(RECORDS, indent=1),
        "\n".join(map(json.dumps, RECORDS)) + "\n\n",
        "\ufeff" + json.dumps({name: {"0": first, "1": second} for name, (first, second) in COLUMNS.items()}),
        json.dumps([RECORDS[0], RECORDS[1] | {"more": 1}]),
    ],
)
def test_json_of_columns_records_and_lines(text: str, tmp_path: Path) -> None:
    check(put(text, tmp_path))


def test_a_single_line_of_json_is_a_record(tmp_path: Path) -> None:
    assert read_genes(put(json.dumps(RECORDS[0]), tmp_path)).ids == ["x"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"sequence": ["A"', r"genes.txt is not JSON: .*char 17"),
        ('{"sequence": "A"}\n{"sequence": }\n', "line 2 is not JSON"),
        ('{"sequence": "A", "sequence": "C"}', "'sequence' twice"),
        ('{"a": 1}\n{"sequence": "A", "sequence": "C"}', "line 2: an object has the name 'sequence' twice"),
        ("[1, 2]", "record 1 is not an object but int.*Expected"),
        ("{}", "No sequence column"),
        ('{"sequence": ["A"], "resistant": [1, 0]}', "differ in length: 'sequence' has 1, 'resistant' has 2"),
        ('{"sequence": [["A", "C"]], "resistant": [1]}', r"record 1 of 'sequence' is neither text.*list.*''\.join"),
        ('{"sequence": ["A"], "x": "A"}', "the part 'x' is not a list"),
        ('{"sequence": {"0": "A"}, "resistant": {"1": 1}}', "'resistant' has other rows than the first"),
        ("[" * 100_000, "is not JSON"),
        ('{"sequence": ["A"], "resistant": [' + "1" * 5000 + "]}", "is not JSON"),
        ('{"sequence": ["A"], "resistant": [' + "1" * 50 + "]}", "record 1 of 'resistant' is neither text"),
    ],
)
def test_json_that_holds_no_genes(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(put(text, tmp_path))


def arrow(table: Any, folder: Path, stream: bool) -> Path:
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(folder / "genes.arrow", table.schema) as writer:
        writer.write_table(table)
    return folder / "genes.arrow"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("encoded", [False, True])
def test_feather_and_arrow(stream: bool, encoded: bool, tmp_path: Path) -> None:
    table = pa.table(COLUMNS)
    if encoded:
        table = table.set_column(1, "sequence", table["sequence"].dictionary_encode())
    check(arrow(table, tmp_path, stream))


@pytest.mark.parametrize("mark", [b"ARROW1\0\0", b"\xff\xff\xff\xff\x10\0\0\0"])
def test_damaged_arrow(mark: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Arrow file .* cannot be read.*Write it again"):
        read_genes(put(mark + b"rest of it", tmp_path))


def test_arrow_columns_of_other_kinds_are_refused(tmp_path: Path) -> None:
    table = pa.table({"sequence": [["A"], ["C"]], "resistant": [1, 0]})
    with pytest.raises(DataError, match=r"column 'sequence' holds list<.*Write it as text"):
        read_genes(arrow(table, tmp_path, False))


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_a_text_that_many_rows_share_is_not_repeated_beyond_the_limit(kind: str, tmp_path: Path) -> None:
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["ACGT" * 1000]))
    table = pa.table({"sequence": shared, "resistant": [True, False] * 500})
    path = tmp_path / "genes.parquet"
    if kind == "arrow":
        path = arrow(table, tmp_path, False)
    else:
        pq.write_table(table, path)
    assert len(read_genes(path)) == 1000
    with pytest.raises(DataError, match=r"column 'sequence' of .* has 4,008,000 bytes.*4,000,000 are .*--memory 1GiB"):
        read_genes(path, memory=4 * 10**6)


def test_parquet_pages_are_not_unpacked_beyond_the_limit(tmp_path: Path) -> None:
    table = pa.table({"sequence": ["ACGT" * 1000 + "A" * row for row in range(300)], "resistant": [True, False] * 150})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(DataError, match=r"Unpacked, .*a.parquet has 1,\d+,\d+ bytes.*4,000,000 are allowed"):
        read_genes(tmp_path / "a.parquet", memory=4 * 10**6)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>", "page of HTML.*download the file again"),
        (b"\xef\xbb\xbf\n<html>", "page of HTML"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "page of HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "pointer of Git LFS.*git lfs pull"),
        (b"LOCUS       g1  183 bp DNA linear BCT 01-JAN-2026\n", r"GenBank.*SeqIO.convert\('genes.txt', 'genbank'"),
        (b"@g1 S\nACGT\n+\nIIII\n", r"FASTQ.*SeqIO.convert\('genes.txt', 'fastq'"),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", "VCF.*bcftools consensus"),
        (b"##gff-version 3\n", "GFF.*FASTA"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", r"old spreadsheet.*CSV \(UTF-8\)"),
        (b"\x89HDF\r\n\x1a\n\0", "HDF5.*CSV or Parquet"),
        (b"FEA1\0\0", "Feather file of version 1.*pyarrow"),
        (b"%PDF-1.7\n", "PDF.*CSV"),
        (b"name".ljust(257, b"\0") + b"ustar\0", "tar archive.*Unpack it"),
    ],
)
def test_files_of_other_kinds_are_named_with_the_step_that_helps(data: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(put(data, tmp_path))


def test_an_at_sign_alone_is_no_fastq(tmp_path: Path) -> None:
    assert read_genes(put("@name,sequence,resistant\nx,ACGT,1\n", tmp_path)).ids == ["1"]
