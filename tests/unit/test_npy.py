import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from model.errors import DataError
from model.reading import read_genes
from model.reading.stand_ins import PickledArray
from model.reading.unpickling import safe_unpickle

GENES, RESISTANT = ["ACGT", "AC"], [True, False]


def boxed(content: object) -> np.ndarray:
    box = np.empty((), dtype=object)
    box[()] = content
    return box


def npy(content: object, folder: Path) -> Path:
    np.save(folder / "a.npy", content, allow_pickle=True)
    return folder / "a.npy"


def check(path: Path) -> None:
    genes = read_genes(path)
    assert genes.labels is not None
    assert (genes.sequences, genes.labels.tolist()) == (GENES, RESISTANT)


@pytest.mark.parametrize(
    "content",
    [
        {b"genes": GENES, b"resistant": RESISTANT},
        OrderedDict(genes=GENES, resistant=RESISTANT),
        {"genes": np.array(GENES)[:, None], "resistant": np.array(RESISTANT)[:, None]},
        {"genes": np.array(GENES, dtype=object)[:, None], "resistant": np.array([1, 0], dtype="i4")},
        {"genes": GENES, "resistant": RESISTANT, "drug": "ampicillin", "year": np.int64(2026), "seed": np.array(3)},
    ],
)
def test_kin_of_the_originals_dict(content: object, tmp_path: Path) -> None:
    check(npy(boxed(content), tmp_path))


@pytest.mark.parametrize("kinds", [[("genes", "U9"), ("resistant", "?")], [("resistant", ">f4"), ("sequence", "S5")]])
def test_an_array_with_fields_has_a_column_for_each(kinds: list[tuple[str, str]], tmp_path: Path) -> None:
    rows = list(zip(GENES, RESISTANT, strict=True))
    rows = rows if kinds[0][0] == "genes" else [row[::-1] for row in rows]  # type: ignore[misc]
    check(npy(np.array(rows, dtype=kinds), tmp_path))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_protocol(protocol: int, order: str) -> None:
    for array in (np.array(GENES), np.array(RESISTANT), np.array([b"A", b"CG"]), np.arange(3.0)[:, None]):
        read = safe_unpickle(pickle.dumps(np.asarray(array, order=order), protocol), "it")  # type: ignore[call-overload]
        assert isinstance(read, PickledArray)
        assert (read.shape, read.values) == (array.shape, array.ravel().tolist())


def test_a_pickle_and_an_npz_hold_the_same(tmp_path: Path) -> None:
    for protocol in (2, 3, 4, 5):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps({"genes": GENES, "resistant": np.array(RESISTANT)}, protocol))
        check(tmp_path / "a.pkl")
    np.savez(tmp_path / "a.npz", genes=np.array(GENES), resistant=np.array(RESISTANT), drug="ampicillin")
    check(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", genes=np.array(GENES, dtype=object), resistant=np.array([1, 0]))
    check(tmp_path / "b.npz")


def test_an_npz_is_not_unpacked_beyond_the_limit(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", genes=np.array(["ACGT" * 50] * 20), resistant=np.arange(20) % 2)
    assert len(read_genes(tmp_path / "a.npz")) == 20
    with pytest.raises(DataError, match=r"a\.npz has 16,416 bytes.* 65,664 bytes of memory; 65,200 are allowed"):
        read_genes(tmp_path / "a.npz", memory=4 * 16_300)


def test_sequences_alone_are_read_and_their_labels_asked_for(tmp_path: Path) -> None:
    for array in (np.array(GENES), np.array(GENES, dtype=object), np.array(GENES, dtype="S4")[:, None]):
        path = npy(array, tmp_path)
        assert read_genes(path, require_labels=False).sequences == GENES
        with pytest.raises(DataError, match=r"No label column.*numpy\.savez\('genes\.npz', genes=genes"):
            read_genes(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (np.array([["g1", "AC", True]] * 2, dtype=object), r"2 x 3 values whose columns have no names.*to_csv.*savez"),
        (np.array(["ACGT", "AC"] * 2).reshape(2, 1, 2), r"array of 2 x 1 x 2 values \(str\), not genes"),
        (np.array([]), r"array of 0 values \(nothing\)"),
        (np.array([1j, 2j]), r"array of type complex128.*Expected"),
        (np.array(["2026-01-01"], dtype="M8[D]"), r"array of type datetime64"),
        (np.array([("AC", b"x")], dtype=[("genes", "U2"), ("resistant", "V1")]), "array of type"),
        (np.array([(["A"], True)], dtype=[("genes", "O"), ("resistant", "?")]), "array of type"),
        (boxed({"genes": GENES, b"genes": GENES}), "Two columns .* have one name"),
        (boxed([PickledArray, 1]), "tries to load model"),
    ],
)
def test_arrays_that_hold_no_columns(content: np.ndarray, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(npy(content, tmp_path))


def header(shape: tuple[int, ...], code: str) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": code, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        header((10**12,), "<U100") + b"x" * 400,
        header((-2, -1), "<U1") + b"A\0\0\0" * 2,
        header((1,), "<U1") + b"\xff\xff\xff\xff",
        header((3,), "<U0"),
        header((), "|O") + pickle.dumps({"genes": GENES}, 4),
        b"\x93NUMPY\x01\x00\xff\xff{",
    ],
)
def test_damaged_files_allocate_nothing(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.npy is damaged.*Write it again"):
        read_genes(tmp_path / "a.npy")


def test_tables_of_pandas_are_refused_with_the_line_that_exports_them(tmp_path: Path) -> None:
    hostile = b"cpandas.core.frame\nDataFrame\n."
    (tmp_path / "a.npy").write_bytes(header((), "|O") + hostile)
    load = r"numpy\.load\('.*a\.npy', allow_pickle=True\)\.item\(\)"
    with pytest.raises(
        DataError, match=rf"tries to load pandas\.core\.frame\.DataFrame.*{load}\)\.to_csv\('genes\.csv'"
    ):
        read_genes(tmp_path / "a.npy")
    with pytest.raises(DataError, match=r"pandas\.read_pickle\('a\.pkl'\)\)\.to_csv"):
        safe_unpickle(hostile, "a.pkl")
    with pytest.raises(DataError) as refused:
        safe_unpickle(b"cpandasevil\neval\n.", "a.pkl")
    assert "read_pickle" not in str(refused.value)


@pytest.mark.parametrize(
    ("shape", "data", "told"),
    [((10**12,), b"\x01", "do not fit"), ((-1,), b"\x01", "impossible shape"), ("x", b"", "impossible shape")],
)
def test_what_protocol_5_says_of_an_array_is_checked(shape: object, data: bytes, told: str) -> None:
    class Array:
        def __reduce__(self) -> tuple[object, ...]:
            make = np.empty(2).__reduce_ex__(5)[0]
            return make, (bytearray(data), np.dtype("u1"), shape, "C")

    with pytest.raises(DataError, match=told):
        safe_unpickle(pickle.dumps(Array(), 5), "it")
    sound = pickle.dumps(np.array([7], dtype="u1"), 5)
    assert isinstance(read := safe_unpickle(sound, "it"), PickledArray)
    assert read.values == [7]


def test_protocol_5_takes_no_objects_from_bytes() -> None:
    data = pickle.dumps(np.array([7], dtype="u1"), 5).replace(b"\x8c\x02u1", b"\x8c\x02O8")
    with pytest.raises(DataError, match="array of an unknown type"):
        safe_unpickle(data, "it")
