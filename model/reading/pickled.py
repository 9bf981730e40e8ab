"""The original's `dataset.npy`, a pickled dict {"genes": [str], "resistant": [bool]}, and its kin: `.npz`, `.pkl`.

A dict may hold lists, arrays and column vectors; an array with fields has a column for each; an array of text alone is
a column of sequences. Nothing of a file is run (`model.reading.unpickling`).
"""

from dataclasses import replace
from pathlib import Path

from model.errors import DataError
from model.reading.containers import open_zip, read_member
from model.reading.memory import check_content
from model.reading.npy import read_array
from model.reading.parts import table_of
from model.reading.stand_ins import PickledArray
from model.reading.table import Table
from model.reading.unpickling import safe_unpickle

_EXPECTED = "Expected: a dict of lists, such as {'genes': [...], 'resistant': [...]}, saved with numpy.save."
_SAVE_BOTH = "Save both in one file: numpy.savez('genes.npz', genes=genes, resistant=resistant)."


def open_npy(data: bytes, path: Path) -> Table:
    """Opens a `.npy` file.

    Raises:
        DataError: It is damaged, holds something else, or names things that are not admitted.
    """
    content = read_array(data, path, _EXPECTED)
    if not isinstance(content, PickledArray):
        return _table(content, path)
    if len(content.values) == 1 and not isinstance(content.values[0], str | bytes):
        return _table(content.values[0], path)
    sequences = _column(content) or []
    if not sequences or not isinstance(sequences[0], str | bytes):
        raise _nameless(content, path)
    return replace(table_of({"sequence": sequences}, path, _EXPECTED), label_hint=_SAVE_BOTH)


def open_pickle(data: bytes, path: Path) -> Table:
    """Opens a pickle of a dict, as `.npy` holds it.

    Raises:
        DataError: It is damaged, holds something else, or names things that are not admitted.
    """
    return _table(safe_unpickle(data, str(path)), path)


def open_npz(data: bytes, path: Path) -> Table:
    """Opens a `.npz` file: each array in it is a column.

    Raises:
        DataError: It is damaged, or holds something else.
    """
    archive = open_zip(data, path)
    check_content(sum(info.file_size for info in archive.infolist()), f"{path}")
    arrays = {
        name.removesuffix(".npy"): read_array(read_member(archive, name, path), path, _SAVE_BOTH)
        for name in archive.namelist()
    }
    return _table(arrays, path)


def _table(content: object, path: Path) -> Table:
    if not isinstance(content, dict):
        raise DataError(f"{path} does not hold a dict of columns, but {_called(content)}.", _EXPECTED)
    parts = {_name(name, path): _part(value) for name, value in content.items()}
    if len(parts) < len(content):
        raise DataError(f"Two columns of {path} have one name, as text and as bytes.", "Write the file again.")
    return table_of(parts, path, _EXPECTED)


def _name(name: object, path: Path) -> str:
    """Gives a column's name; Python 2 and HDF5 have bytes."""
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace")
    if not isinstance(name, str):
        raise DataError(f"{path}: the name of a column is not text but {type(name).__name__}.", _EXPECTED)
    return name


def _part(value: object) -> object:
    if not isinstance(value, PickledArray):
        return value
    if not value.shape:
        return value.values[0]
    return value if (column := _column(value)) is None else column


def _column(array: PickledArray) -> list[object] | None:
    """Gives the values of an array of one dimension, or of a column vector [N, 1]."""
    is_column = len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)
    return array.values if is_column else None


def _nameless(array: PickledArray, path: Path) -> DataError:
    shape = " x ".join(map(str, array.shape))
    kind = type(array.values[0]).__name__ if array.values else "nothing"
    if len(array.shape) == 2:
        return DataError(
            f"{path} holds an array of {shape} values whose columns have no names (numpy.save of a pandas DataFrame "
            "writes such).",
            "Write the table with its names: frame.to_csv('genes.csv', index=False), or "
            "numpy.savez('genes.npz', genes=array[:, 0], resistant=array[:, 1]).",
        )
    return DataError(f"{path} holds an array of {shape} values ({kind}), not genes with labels.", _EXPECTED)


def _called(content: object) -> str:
    return "an array" if isinstance(content, PickledArray) else type(content).__name__
