"""What a pickle reaches in place of numpy: stand-ins that make values and nothing else.

* `_reconstruct` makes an empty stand-in; the shape that the file asks for is not allocated.
* `ndarray` is only a mark; a file cannot make one, or give one a state.
* `dtype` admits plain booleans, numbers and text. A real dtype takes its flags from the file, and one that says
  "no Python objects here" of a column of objects makes numpy follow pointers that the file holds.
* `scalar` reads one plain value; its data must have the dtype's size.
* `_frombuffer` takes bytes that the file holds for an array's data, as `ndarray` does with a state.
* `OrderedDict` makes a plain dict.
* `_codecs.encode` is how old protocols write bytes; it encodes Latin-1 and does not look codecs up.
"""

import math
import re
import sys
from typing import Any

import numpy as np

from model.reading.limits import check_shape

_PLAIN = re.compile(r"\?|b1|[iu][1248]|f[248]|[SU]\d{1,9}")
_OBJECT = re.compile(r"O[48]?")
_ORDERS = ("<", ">", "=", "|")


class RefusedError(Exception):
    """The file is not as harmless as it should be; the text says why, and the step what helps where something does."""

    def __init__(self, text: str, step: str = "") -> None:
        super().__init__(text)
        self.step = step


class _Dtype:
    """Stand-in for numpy's dtype: a checked type code and a byte order."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code = code
        self.order = "="

    @property
    def holds_objects(self) -> bool:
        return _OBJECT.fullmatch(self.code) is not None

    def __setstate__(self, state: object) -> None:
        # (version, byte order, subarray, names, fields, ...); size, alignment and flags follow from the code.
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise RefusedError("It holds an array with fields.")
        if state[1] not in _ORDERS:
            raise RefusedError("It holds an array of an unknown byte order.")
        self.order = state[1]

    def values(self, data: object, count: int) -> list[object]:
        """Reads plain values from bytes that must have the right size."""
        raw = data.encode("latin-1") if isinstance(data, str) else bytes(data) if isinstance(data, bytearray) else data
        kind = np.dtype(self.order + self.code if self.order != "|" else self.code)
        if not isinstance(raw, bytes) or len(raw) != count * kind.itemsize:
            raise RefusedError("It holds an array whose data do not fit its type and shape.")
        return plain_values(np.frombuffer(raw, dtype=kind)) if raw else []


def plain_values(array: "np.ndarray[Any, Any]") -> list[object]:
    """Returns the values of an array.

    Args:
        array: Of booleans, numbers or text, in a row, over bytes of a file.

    Raises:
        ValueError: It has letters beyond Unicode: numpy makes texts of them that break whoever uses them.
    """
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        letters = np.ascontiguousarray(array).view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if letters.max() > sys.maxunicode:
            raise ValueError("it has letters beyond Unicode")
    values: list[object] = array.tolist()
    return values


class PickledArray:
    """Stand-in for numpy's array: its shape and its values in a list."""

    __slots__ = ("shape", "values")

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.values: list[object] = []

    @classmethod
    def of(cls, shape: tuple[int, ...], values: list[object]) -> "PickledArray":
        """Makes one of values that fit the shape."""
        array = cls()
        array.shape, array.values = shape, values
        return array

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise RefusedError("It holds an array in an unknown form.")
        _, shape, dtype, _, data = state
        shape = _checked_shape(shape)
        if not isinstance(dtype, _Dtype):
            raise RefusedError("It holds an array without a type.")
        count = math.prod(shape)
        if not dtype.holds_objects:
            self.values = dtype.values(data, count)
        elif isinstance(data, list) and len(data) == count:
            self.values = data
        else:
            raise RefusedError("It holds an array of objects whose list does not fit its shape.")
        self.shape = shape


def _checked_shape(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise RefusedError("It holds an array with an impossible shape.")
    check_shape(shape)
    return shape


class _Maker:
    """What a file may call. Without attributes, and refusing a state, so that a file cannot change it."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise RefusedError("It tries to change what it may only call.")


class _MakeArray(_Maker):
    __slots__ = ()

    def __call__(self, kind: object, *_: object) -> PickledArray:
        if not isinstance(kind, _ArrayMark):
            raise RefusedError("It asks for an array of an unknown class.")
        return PickledArray()


class _MakeFilledArray(_Maker):
    """Protocol 5 writes an array's data first, and then the call that takes them for an array."""

    __slots__ = ()

    def __call__(self, data: object, dtype: object, shape: object, *_: object) -> PickledArray:
        if not isinstance(dtype, _Dtype) or dtype.holds_objects:
            raise RefusedError("It holds an array of an unknown type.")
        sizes = _checked_shape(shape)
        return PickledArray.of(sizes, dtype.values(data, math.prod(sizes)))


class _MakeDtype(_Maker):
    __slots__ = ()

    def __call__(self, code: object, *_: object) -> _Dtype:
        if not isinstance(code, str) or not (_PLAIN.fullmatch(code) or _OBJECT.fullmatch(code)):
            # Only text is shown: showing anything else may fill the memory.
            shown = repr(code[:40]) if isinstance(code, str) else type(code).__name__
            raise RefusedError(f"It holds an array of type {shown}.")
        return _Dtype(code)


class _MakeScalar(_Maker):
    __slots__ = ()

    def __call__(self, dtype: object, data: object) -> object:
        if not isinstance(dtype, _Dtype) or dtype.holds_objects:
            raise RefusedError("It holds a number of an unknown type.")
        return dtype.values(data, 1)[0]


class _MakeBytes(_Maker):
    __slots__ = ()

    def __call__(self, text: object, codec: object) -> bytes:
        if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
            raise RefusedError("It holds bytes in an unknown form.")
        return text.encode("latin-1")


class _MakeDict(_Maker):
    __slots__ = ()

    def __call__(self) -> dict[object, object]:
        return {}


class _ArrayMark(_Maker):
    """Stands for the class numpy.ndarray."""

    __slots__ = ()


ADMITTED_NAMES: dict[tuple[str, str], _Maker] = {
    ("numpy", "ndarray"): _ArrayMark(),
    ("numpy", "dtype"): _MakeDtype(),
    ("_codecs", "encode"): _MakeBytes(),
    ("collections", "OrderedDict"): _MakeDict(),
}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # numpy 1 and numpy 2
    ADMITTED_NAMES[_module, "_reconstruct"] = _MakeArray()
    ADMITTED_NAMES[_module, "scalar"] = _MakeScalar()
for _module in ("numpy.core.numeric", "numpy._core.numeric"):
    ADMITTED_NAMES[_module, "_frombuffer"] = _MakeFilledArray()
