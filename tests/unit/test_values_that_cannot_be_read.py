"""Values that no Python object can be made of: they are told where their column is read, and else of no matter."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from model.errors import DataError
from model.genes import Genes
from model.reading import read_genes
from model.snapshot import to_bytes

DNA = ["ATGGCTAAACCCGGGTTTATG"] * 4
NOT_TEXT = pa.Array.from_buffers(pa.string(), 4, pa.array([b"\xff\xfe"] * 4).buffers())
NO_TIME = pa.array([2**62] * 4, pa.timestamp("us"))
NANOSECONDS = pa.array([1, 2, 3, 4], pa.timestamp("ns"))


def write(columns: dict[str, object], form: str, folder: Path) -> Path:
    path = folder / f"genes.{form}"
    writer = pq.write_table if form == "parquet" else feather.write_feather
    writer(pa.table(columns), path)
    return path


@pytest.mark.parametrize("form", ["parquet", "feather"])
@pytest.mark.parametrize("values", [NOT_TEXT, NO_TIME, NANOSECONDS, pa.array([[1.0]] * 4)])
def test_a_column_that_nobody_needs_may_hold_anything(form: str, values: pa.Array, tmp_path: Path) -> None:
    if form == "feather" and values is NOT_TEXT:
        pytest.skip("the whole file is refused, for its offsets may point anywhere")
    path = write({"sequence": DNA, "other": values, "drug": ["R", "S", "R", "S"]}, form, tmp_path)
    genes = read_genes(path)
    assert genes.provenance.columns == {"sequence": "sequence", "label": "drug", "id": None}


@pytest.mark.parametrize("values", [NOT_TEXT, NO_TIME])
def test_a_column_that_is_needed_is_named(values: pa.Array, tmp_path: Path) -> None:
    path = write({"sequence": DNA, "resistant": values}, "parquet", tmp_path)
    with pytest.raises(DataError, match="column 'resistant' holds a value that cannot be read"):
        read_genes(path)


@pytest.mark.parametrize(
    "header", [b"{'descr': '<f8'}", b"{'descr':" + b"(" * 100 + b"\n", b"{'descr': '<f8', 'fortran_order': ("]
)
def test_a_broken_header_of_npy_is_damage(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "genes.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(DataError, match="is damaged"):
        read_genes(path)


def test_letters_beyond_unicode_are_damage(tmp_path: Path) -> None:
    np.save(tmp_path / "genes.npy", np.array(DNA))
    data = (tmp_path / "genes.npy").read_bytes()
    (tmp_path / "genes.npy").write_bytes(data[:-4] + b"\xff\xff\xff\x7f")
    with pytest.raises(DataError, match="beyond Unicode"):
        read_genes(tmp_path / "genes.npy", require_labels=False)


def test_half_a_surrogate_pair_in_an_id_is_spelled_out(tmp_path: Path) -> None:
    (tmp_path / "genes.json").write_text(json.dumps({"id": ["\ud800x", "é"], "sequence": DNA[:2], "label": [1, 0]}))
    genes = read_genes(tmp_path / "genes.json")
    assert genes.ids == ["\\ud800x", "é"]
    assert isinstance(genes, Genes) and to_bytes(genes, None)
