"""Pickles that make much of few bytes are refused while they are loaded, in time and memory that are bounded."""

import pickle
import tracemalloc

import numpy as np
import pytest

from model.errors import DataError
from model.reading.memory import reading_within
from model.reading.unpickling import safe_unpickle

#: A tuple in memo 0 that holds two of itself, n times over: pushes it, and leaves it on the stack.
NESTED_TWICE = b"K\x01\x85" + b"2\x86" * 60
VERY_DEEP = b")" + b"\x85" * 300_000


@pytest.mark.parametrize("key", [NESTED_TWICE, VERY_DEEP, b")", b"}", b"]"])
@pytest.mark.parametrize("put", [b"}%bK\x01s.", b"}(%bK\x01u.", b"(%bK\x01d.", b"}(K\x01K\x01%bK\x01u."])
def test_only_plain_values_are_keys(put: bytes, key: bytes) -> None:
    with pytest.raises(DataError, match=r"a key that is a (tuple|dict|list); keys are text or numbers"):
        safe_unpickle(put.replace(b"%b", key), "it")


@pytest.mark.parametrize("data", [b"\x8f.", b"\x8f(" + NESTED_TWICE + b"\x90.", b"(" + NESTED_TWICE + b"\x91."])
def test_sets_are_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="holds a set"):
        safe_unpickle(data, "it")


@pytest.mark.parametrize("value", [NESTED_TWICE, VERY_DEEP])
def test_parts_within_parts_are_refused_without_being_shown(value: bytes) -> None:
    with pytest.raises(DataError, match="parts within parts, more than 20 deep"):
        safe_unpickle(value + b".", "it")
    with pytest.raises(DataError, match="an array of type tuple"):
        safe_unpickle(b"cnumpy\ndtype\n" + value + b"\x85R.", "it")


def test_a_part_that_holds_itself_is_refused() -> None:
    part: list[object] = []
    part.append({"a": part})
    with pytest.raises(DataError, match="holds itself"):
        safe_unpickle(pickle.dumps(part), "it")


def test_what_is_shared_is_counted_as_often_as_it_is_used() -> None:
    column = ["A" * 900] * 500
    with reading_within(2_000_000):
        assert safe_unpickle(pickle.dumps({"genes": column}), "it") == {"genes": column}
        with pytest.raises(DataError, match=r"would take 1,\d{3},\d{3} bytes or more once it is read; 1,000,000 are"):
            safe_unpickle(pickle.dumps({"genes": column * 4}), "it")
        with pytest.raises(DataError, match="1,000,000 are allowed, twice as many with twice the --memory"):
            safe_unpickle(pickle.dumps({str(name): column for name in range(100)}), "it")


def test_what_calls_make_is_counted_while_they_are_made() -> None:
    text = pickle.dumps("A" * 1_000_000, 2)[2:-1]
    once = b"0c_codecs\nencode\n(h\x00X\x06\x00\x00\x00latin1tR"
    data = b"\x80\x02" + text + once * 1_000 + b"."
    tracemalloc.start()
    with reading_within(20_000_000), pytest.raises(DataError, match="10,000,000 are allowed"):
        safe_unpickle(data, "it")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_parts_are_counted() -> None:
    with reading_within(400_000):
        assert safe_unpickle(b"]" + b"]0" * 999 + b".", "it") == []
        for part in (b"]", b"}", b")", b"(", b"K\x01\x85"):
            with pytest.raises(DataError, match="more than 1,000 parts"):
                safe_unpickle(part * 1_001, "it")


@pytest.mark.parametrize(
    "shape", [(2**4000, 0), (1,) * 65, (2**41,)], ids=["a huge number", "many dimensions", "beyond any memory"]
)
def test_shapes_are_bounded(shape: tuple[int, ...]) -> None:
    class Array:
        def __reduce__(self) -> tuple[object, ...]:
            make = np.empty(0).__reduce__()[0]
            return make, (np.ndarray, (0,), b"b"), (1, shape, np.dtype("u1"), False, b"")  # type: ignore[return-value]

    with pytest.raises(DataError, match="more than 64 dimensions or 1,099,511,627,776 places"):
        safe_unpickle(pickle.dumps(Array(), 4), "it")


def test_room_is_made_only_for_what_is_there() -> None:
    huge = (2**45).to_bytes(8, "little")
    for opcode in (b"\x96", b"\x8e", b"\x8d"):
        with pytest.raises(DataError, match="damaged"):
            safe_unpickle(b"\x80\x05" + opcode + huge + b"abc.", "it")
    assert safe_unpickle(pickle.dumps(bytearray(b"abc"), 5), "it") == b"abc"
    # A number in the memo is no place in an array.
    assert safe_unpickle(b"\x80\x02K\x01r\xff\xff\xff\xff.", "it") == 1
