"""The original's `dataset.npy`: a pickled dict {"genes": [str], "resistant": [bool]} in an array without dimensions."""

import io
from collections.abc import Sequence
from pathlib import Path

from numpy.lib import format as npy

from model.errors import DataError
from model.reading.table import Table
from model.reading.unpickling import PickledArray, safe_unpickle

_EXPECTED = "Expected: a dict of lists, such as {'genes': [...], 'resistant': [...]}, saved with numpy.save."


def open_pickled(data: bytes, path: Path) -> Table:
    """Opens a `.npy` file that holds a pickled dict of columns, without running anything of it.

    Raises:
        DataError: It is damaged, holds something else, or names things that are not admitted.
    """
    columns = _columns(_content(data, path), path)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise DataError(f"The columns of {path} differ in length: {told}.", "Write the file again.")

    def read(wanted: Sequence[str]) -> list[list[object]]:
        return [columns[name] for name in wanted]

    return Table(tuple(columns), read)


def _content(data: bytes, path: Path) -> object:
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        _, _, dtype = header(stream)
    except ValueError as error:
        raise DataError(f"The .npy file {path} is damaged: {str(error)[:200]}", "Write it again.") from error
    if not dtype.hasobject:
        raise DataError(f"{path} holds an array of type {str(dtype)[:40]}, not genes with labels.", _EXPECTED)
    array = safe_unpickle(data, str(path), start=stream.tell())
    return array.values[0] if isinstance(array, PickledArray) and len(array.values) == 1 else array


def _columns(content: object, path: Path) -> dict[str, list[object]]:
    if not isinstance(content, dict):
        raise DataError(f"{path} does not hold a dict of columns.", _EXPECTED)
    columns = {}
    for name, values in content.items():
        if isinstance(values, PickledArray) and len(values.shape) == 1:
            values = values.values
        if not isinstance(name, str):
            raise DataError(f"{path}: the name of a column is not text but {type(name).__name__}.", _EXPECTED)
        if not isinstance(values, list | tuple):
            raise DataError(f"{path}: the part {name[:40]!r} is not a list.", _EXPECTED)
        columns[name] = [_plain(value, name, row, path) for row, value in enumerate(values, start=1)]
    return columns


def _plain(value: object, name: str, row: int, path: Path) -> object:
    """Admit one value. Lists within lists and giant numbers could fill the memory as soon as they are shown."""
    if value is None or isinstance(value, str | bytes | float):
        return value
    if isinstance(value, int) and value.bit_length() <= 64:
        return value
    raise DataError(
        f"{path}: row {row} of {name[:40]!r} is neither text nor a plain number, but {type(value).__name__}.",
        _EXPECTED,
    )
