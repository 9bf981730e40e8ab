"""Bytes that `scripts/fuzz` found to end in something else than an error of ours: each kind, made by hand."""

import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hpo.study.attributes import openings_of
from model.errors import DataError
from model.reading import read_genes
from model.reading.unpickling import safe_unpickle
from storage.database.stored import read_params


def refused(data: bytes, folder: Path, told: str) -> None:
    (folder / "genes").write_bytes(data)
    with pytest.raises(DataError, match=told):
        read_genes(folder / "genes")


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr, 'fortran_order': False, 'shape': (), }" + b" " * 63 + b"\n",
        b"{1: 2, 'a': 3}",
        b"{'descr': '<f8', 'shape': " + b"(" * 3_000,
        b"\xff\xfe",
        b"[" * 300,
    ],
)
def test_a_npy_header_that_is_no_python(header: bytes, tmp_path: Path) -> None:
    refused(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header, tmp_path, r"\.npy file .* is damaged")


def npy(array: "np.ndarray") -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
def test_letters_beyond_unicode(order: str, tmp_path: Path) -> None:
    fields = np.array([("ACGT", 1), ("ACGA", 0)], dtype=[("sequence", f"{order}U4"), ("label", "i1")])
    plain = np.array(["ACGT", "ACGA"], dtype=f"{order}U4")
    letter = struct.pack(f"{order}I", ord("T"))
    for array in (fields, plain):
        data = npy(array)
        at = data.rindex(letter)
        refused(data[:at] + b"\x7f\xff\xff\x7f" + data[at + 4 :], tmp_path, "damaged: it has letters beyond Unicode")


def test_letters_beyond_unicode_in_a_pickle() -> None:
    data = pickle.dumps(np.array(["ACGT"]), 2)
    with pytest.raises(DataError, match="letters beyond Unicode"):
        safe_unpickle(data.replace(b"T\x00\x00\x00", b"\x7f\x7f\x7f\x7f"), "it")


def archive(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(zipfile.ZipInfo(name), b"sequence,label\nACGT,1\nACGA,0\n")
    return stream.getvalue()


def test_a_zip_whose_table_begins_before_it(tmp_path: Path) -> None:
    data = bytearray(archive("genes.csv"))
    end = data.rindex(b"PK\x05\x06")
    data[end + 16] += 1  # where the table begins: the first file then stands at -1
    refused(bytes(data), tmp_path, "cannot be unpacked: negative seek value")


def test_a_zip_of_a_file_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "genes").write_bytes(archive(""))
    assert read_genes(tmp_path / "genes").sequences == ["ACGT", "ACGA"]


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize(
    ("column", "told"), [("sequence", r"cannot be read: .*utf-8"), ("gene", "'gene' holds no sequences")]
)
def test_text_of_a_parquet_file_that_is_no_utf8(column: str, told: str, tmp_path: Path) -> None:
    texts = pa.array([b"AC\xff\xfe", b"ACGT"]).cast(pa.string(), safe=False)
    rows = {column: texts, "resistant": pa.array([True, False])}
    refused(parquet(pa.table(rows)), tmp_path, told)


def test_rows_that_a_parquet_file_only_counts(tmp_path: Path) -> None:
    rows = 20_000_000
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array(["A"]))
    data = parquet(pa.table({"sequence": same, "resistant": pa.array(np.ones(rows, bool))}))
    (tmp_path / "genes").write_bytes(data)
    assert len(data) < 300_000
    with pytest.raises(DataError, match=r"Unpacked, .* has 80,000,000 bytes"):
        read_genes(tmp_path / "genes", memory=2**28)


@pytest.mark.slow
def test_a_parquet_file_that_states_sizes_of_text_for_numbers(tmp_path: Path) -> None:
    data = parquet(pa.table({"id": ["x", "y"], "sequence": ["ACGT", "ACGA"], "resistant": [True, False]}))
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # As Thrift writes the type of a column: 6 is text, 4 a number.
    (tmp_path / "genes").write_bytes(data[:end] + data[end:].replace(b"\x15\x0c", b"\x15\x08", 1))
    # Asking such a file for the size of that column aborts the process.
    command = [sys.executable, "-m", "hpo", "inspect", str(tmp_path / "genes")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
    assert "The Parquet file" in ended.stderr


@pytest.mark.parametrize("earlier", [True, 7, None, "2026-01-01", {"a": 1}, [1, None], ["2026-01-01"]])
def test_whatever_stands_for_openings_is_counted_as_one_at_least(earlier: object) -> None:
    assert len(openings_of({"hpo:test_openings": earlier, "hpo:test_opening:x": "2026-02-01"})) >= 2


@pytest.mark.parametrize("step", [True, "x", [], 1e-400])
def test_a_distribution_that_no_study_has_hides_its_parameter_alone(step: object) -> None:
    odd = {"name": "FloatDistribution", "attributes": {"step": step, "low": -0.5, "high": 2**63}}
    sound = {"name": "IntDistribution", "attributes": {"low": 1, "high": 3, "log": False, "step": 1}}
    rows = [("odd", 0.5, json.dumps(odd)), ("sound", 2.0, json.dumps(sound))]
    assert read_params(0, rows)[0] == {"sound": 2}
