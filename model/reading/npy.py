"""The arrays of `.npy` files: plain ones by their bytes, those of objects by the restricted reader of pickles."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from model.errors import DataError
from model.reading.stand_ins import PickledArray, plain_values
from model.reading.unpickling import safe_unpickle

#: Booleans, whole and real numbers, text and bytes.
_PLAIN_KINDS = "biufUS"


def read_array(data: bytes, path: Path, advice: str) -> PickledArray | dict[str, object]:
    """Reads the bytes of a `.npy` file, without running anything of them.

    Args:
        data: The bytes.
        path: For messages.
        advice: The next step where the array is of a type that is not read.

    Returns:
        The array's shape and values; of an array with fields, each field's values by its name.

    Raises:
        DataError: The bytes are damaged, name things that are not admitted, or hold values of another type.
    """
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = header(stream)
    except Exception as error:  # the header is read as Python's source, and raises whatever that does
        raise _damaged(path, error) from error
    if dtype.hasobject and dtype.names is None:
        return _unpickled(safe_unpickle(data, str(path), start=stream.tell()), path)
    fields = {name: dtype[name] for name in dtype.names or ()}
    for kind in fields.values() or (dtype,):
        if kind.kind not in _PLAIN_KINDS:
            raise DataError(f"{path} holds an array of type {str(dtype)[:80]}.", advice)
    try:
        flat = _flat(memoryview(data)[stream.tell() :], shape, dtype)
        if fields:
            return {name: plain_values(flat[name]) for name in fields}
        return PickledArray.of(shape, plain_values(flat))
    except ValueError as error:  # an array of empty texts; letters beyond Unicode
        raise _damaged(path, error) from error


def _flat(data: memoryview, shape: tuple[int, ...], dtype: "np.dtype[Any]") -> "np.ndarray[Any, Any]":
    """Gives the values in a row, and allocates nothing: a header may claim any shape."""
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"shape {shape} does not fit {len(data)} bytes of {str(dtype)[:80]}")
    return np.frombuffer(data, dtype=dtype)


def _unpickled(content: object, path: Path) -> PickledArray:
    if not isinstance(content, PickledArray):
        raise _damaged(path, "its pickle is no array")
    return content


def _damaged(path: Path, why: object) -> DataError:
    return DataError(f"The .npy file {path} is damaged: {str(why)[:200]}.", "Write it again.")
