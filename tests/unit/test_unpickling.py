import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import DataError
from model.reading import read_genes
from model.reading.stand_ins import PickledArray
from model.reading.unpickling import safe_unpickle


class Hostile:
    """Runs a command when it is unpickled in the ordinary way."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.marker),)


def npy(content: object, path: Path) -> Path:
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


def npy_of_pickle(data: bytes, path: Path) -> Path:
    """A .npy file whose pickle is given as it is."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    path.write_bytes(stream.getvalue() + data)
    return path


@pytest.mark.parametrize(
    ("genes", "resistant"),
    [
        (["ACGT", "AC"], [True, False]),
        (np.array(["ACGT", "AC"]), np.array([True, False])),
        (np.array(["ACGT", "AC"], dtype=object), np.array([1, 0])),
        (np.array([b"ACGT", b"AC"]), np.array([1.0, 0.0], dtype=">f4")),
        (("ACGT", "AC"), [np.True_, np.False_]),
        ([np.str_("ACGT"), "AC"], ["R", "S"]),
        (np.array(["ACGT", "AC"], dtype=">U9"), np.array([1, 0], dtype=np.uint8)),
    ],
)
def test_forms_of_the_originals_file(genes: object, resistant: object, tmp_path: Path) -> None:
    read = read_genes(npy({"genes": genes, "resistant": resistant}, tmp_path / "a.npy"))
    assert read.sequences == ["ACGT", "AC"]
    assert read.labels is not None
    assert read.labels.tolist() == [True, False]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_plain_values(protocol: int) -> None:
    value = {"a": ["x", 1, 2.5, True, None, b"\x00\xff", (1, 2)], "big": 10**30}
    if protocol < 3:
        value["a"].remove(b"\x00\xff")  # type: ignore[union-attr]
    assert safe_unpickle(pickle.dumps(value, protocol), "it") == value


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_of_old_and_new_protocols(protocol: int) -> None:
    data = pickle.dumps(np.arange(300), protocol)
    for name in (b"numpy._core.multiarray", b"numpy.core.multiarray"):
        if protocol == 4 and name == b"numpy.core.multiarray":
            continue  # names have a length there, so they cannot be exchanged
        array = safe_unpickle(data.replace(b"numpy._core.multiarray", name), "it")
        assert isinstance(array, PickledArray)
        assert array.values == list(range(300))


@settings(max_examples=30)
@given(st.lists(st.text(max_size=5) | st.integers() | st.floats(allow_nan=False) | st.booleans()))
def test_object_arrays_round_trip(values: list[object]) -> None:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    read = safe_unpickle(pickle.dumps(array, 4), "it")
    assert isinstance(read, PickledArray)
    assert read.values == values


@pytest.mark.parametrize("protocol", range(5))
def test_a_hostile_file_is_refused_by_name_and_runs_nothing(protocol: int, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hostile = pickle.dumps({"genes": Hostile(marker)}, protocol)
    path = npy_of_pickle(hostile, tmp_path / "a.npy")
    with pytest.raises(DataError, match=rf"tries to load {os.mkdir.__module__}\.mkdir.*Nothing of it was run"):
        read_genes(path)
    assert not marker.exists()
    pickle.loads(hostile)  # noqa: S301  # the file would have done harm
    assert marker.exists()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", r"os\.system"),
        (b"(S'true'\nios\nsystem\n.", r"os\.system"),
        (b"cbuiltins\neval\n.", r"builtins\.eval"),
        (b"cnumpy\nload\n.", r"numpy\.load"),
        (b"cnumpy.core.multiarray\nfromfile\n.", r"fromfile"),
        (b"c_codecs\ndecode\n.", r"_codecs\.decode"),
        (b"\x80\x04\x8c\x05numpy\x8c\x16ndarray.__array_wrap__\x93.", r"numpy\.ndarray\.__array_wrap__"),
        (b"\x80\x02\x82\x01.", "damaged"),
        (b"Psomething\n.", "damaged"),
        (b"", "damaged"),
        (b"garbage", "damaged"),
        (b"N" * 10, "damaged"),
        # BUILD may not change what a file can only call.
        (b"cnumpy\ndtype\n}S'x'\nS'y'\nsb.", "may only call"),
        # A shape that is never allocated, and data that do not fit it.
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(L9999999999999L\ntS'b'\ntR.", None),
    ],
)
def test_pickles_made_by_hand(data: bytes, told: str | None) -> None:
    if told is None:
        read = safe_unpickle(data, "it")
        assert isinstance(read, PickledArray)
        assert read.values == []
    else:
        with pytest.raises(DataError, match=told):
            safe_unpickle(data, "it")


def array_pickle(shape: object, code: str, dtype_state: object, data: object) -> bytes:
    """An array's pickle with parts of one's own choosing."""

    class Dtype:
        def __reduce__(self) -> tuple[object, ...]:
            return np.dtype, (code, False, True), dtype_state

    class Array:
        def __reduce__(self) -> tuple[object, ...]:
            make = np.empty(0).__reduce__()[0]
            return make, (np.ndarray, (0,), b"b"), (1, shape, Dtype(), False, data)  # type: ignore[return-value]

    return pickle.dumps(Array(), 4)


def nested(depth: int) -> list[object]:
    """A list whose text doubles with every level."""
    return ["x"] if depth == 0 else [part := nested(depth - 1), part]


BOMB = nested(60)
PLAIN = (3, "<", None, None, None, -1, -1, 0)


def test_the_hand_made_array_is_read_where_it_is_sound() -> None:
    read = safe_unpickle(array_pickle((2,), "u1", PLAIN, b"\x01\x02"), "it")
    assert isinstance(read, PickledArray)
    assert read.values == [1, 2]


@pytest.mark.parametrize(
    ("shape", "code", "dtype_state", "data", "told"),
    [
        # Objects given as bytes: numpy would take them for pointers.
        ((1,), "O8", (3, "|", None, None, None, -1, -1, 0), b"\x41" * 8, "list does not fit"),
        ((1,), "u1", (3, "|", None, ("f",), {"f": (np.dtype("O"), 0)}, 8, 1, 0), b"\x41" * 8, "fields"),
        ((10**12,), "f8", PLAIN, b"\x00" * 8, "do not fit"),
        ((-1,), "f8", PLAIN, b"", "impossible shape"),
        (("x",), "f8", PLAIN, b"", "impossible shape"),
        ((3,), "O8", PLAIN, ["a"], "list does not fit"),
        ((1,), "V8", PLAIN, b"\x00" * 8, "array of type 'V8'"),
        ((1,), "M8", PLAIN, b"\x00" * 8, "array of type 'M8'"),
        ((1,), "f8", (3, "x", None, None, None, -1, -1, 0), b"\x00" * 8, "byte order"),
        ((1,), "f8", (3,), b"\x00" * 8, "fields"),
    ],
)
def test_arrays_with_impossible_parts(shape: object, code: str, dtype_state: object, data: object, told: str) -> None:
    with pytest.raises(DataError, match=told):
        safe_unpickle(array_pickle(shape, code, dtype_state, data), "it")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([1, 2], "does not hold a dict"),
        ({"genes": ["AC"], "resistant": [True, False]}, "differ in length: 'genes' has 1, 'resistant' has 2"),
        ({"genes": "AC", "resistant": [True]}, "'genes' is not a list"),
        ({"genes": np.array([["A", "C"]]), "resistant": [True]}, "'genes' is not a list"),
        ({"genes": [1, 2], "resistant": [True, False]}, "'genes' holds no sequences.*--sequence-column"),
        ({"genes": ["AC", None], "resistant": [True, False]}, "the sequence is missing in record 2.*--missing drop"),
        ({"letters": ["AC"], "resistant": [True]}, "No sequence column.*'letters'"),
        ({"genes": [], "resistant": []}, "has no rows"),
        ({1: ["AC"]}, "name of a column is not text but int"),
        ({"genes": ["AC", BOMB], "resistant": [True, False]}, "more than 20 deep"),
        ({"genes": ["AC"], "resistant": [10**5000]}, "record 1 of 'resistant' is neither text"),
    ],
)
def test_files_that_are_sound_but_not_genes(content: object, told: str, tmp_path: Path) -> None:
    box = np.empty((), dtype=object)
    box[()] = content
    np.save(tmp_path / "a.npy", box, allow_pickle=True)
    with pytest.raises(DataError, match=told):
        read_genes(tmp_path / "a.npy")


def test_other_npy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(DataError, match=r"array of 3 values \(int\), not genes"):
        read_genes(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY\x01\x00\xff\xff{")
    with pytest.raises(DataError, match="damaged"):
        read_genes(tmp_path / "b.npy")
