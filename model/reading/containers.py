"""Unpacking of gzip, bzip2, xz and Zstandard, and of zip archives that hold one file; never beyond a limit."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from model.errors import DataError
from model.reading import memory

_STEP = 2**20
#: The second begins an empty archive.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_NAMES = 10


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _zstd(data: bytes) -> _Stream:
    stream: _Stream = pa.CompressedInputStream(pa.BufferReader(data), "zstd")
    return stream


#: What each begins with, and how it is read.
_PACKED: dict[str, tuple[bytes, Callable[[bytes], _Stream]]] = {
    "gzip": (b"\x1f\x8b", lambda data: gzip.GzipFile(fileobj=io.BytesIO(data))),
    "bzip2": (b"BZh", lambda data: bz2.BZ2File(io.BytesIO(data))),
    "xz": (b"\xfd7zXZ\0", lambda data: lzma.LZMAFile(io.BytesIO(data))),  # noqa: SIM115 - over bytes, not a file
    "Zstandard": (b"\x28\xb5\x2f\xfd", _zstd),
}
# zipfile raises RuntimeError at a password, NotImplementedError at a method that it does not know, and ValueError,
# IndexError and struct.error where its tables point elsewhere.
_DAMAGED = (
    *(OSError, EOFError, ValueError, IndexError, RuntimeError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error),
)


def unpack(data: bytes, path: Path) -> bytes:
    """Unpacks a file that is packed; gives others, and `.npz`, as they are.

    Args:
        data: Its bytes, which tell whether and how it is packed.
        path: For messages.

    Raises:
        DataError: It is damaged, larger than the limit, a workbook, packed twice, or an archive of several files.
    """
    if data.startswith(_ZIP):
        unpacked = _only_member(data, path)
    else:
        kind = _packing(data)
        if kind is None:
            return data
        try:
            unpacked = read_bounded(_PACKED[kind][1](data), path)
        except _DAMAGED as error:
            raise DataError(f"The {kind} file {path} is damaged: {error}.", "Copy or download it again.") from error
    if _packing(unpacked) is not None:
        raise DataError(f"{path} is packed twice.", "Unpack it once, and give the result.")
    return unpacked


def read_bounded(stream: _Stream, path: Path) -> bytes:
    """Reads a stream up to the limit.

    Raises:
        DataError: It is longer.
    """
    whole = io.BytesIO()
    while part := stream.read(_STEP):
        whole.write(part)
        if whole.tell() > (most := memory.content_allowed()):
            raise memory.too_large(
                most, f"Unpacked, {path} has more than {most:,} bytes.", memory.allowed(), known=False
            )
    return whole.getvalue()


def open_zip(data: bytes, path: Path) -> zipfile.ZipFile:
    """Opens a zip archive.

    Raises:
        DataError: It is damaged.
    """
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise DataError(f"The zip file {path} is damaged: {error}.", "Copy or download it again.") from error


def read_member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    """Reads one file of an archive.

    Raises:
        DataError: It is damaged, needs a password, or is larger than the limit.
    """
    try:
        with archive.open(name) as stream:
            return read_bounded(stream, path)
    except _DAMAGED as error:
        raise DataError(f"{name!r} in {path} cannot be unpacked: {error}.", "Unpack it and give the file.") from error


def _packing(data: bytes) -> str | None:
    return next((kind for kind, (magic, _) in _PACKED.items() if data.startswith(magic)), None)


def _only_member(data: bytes, path: Path) -> bytes:
    archive = open_zip(data, path)
    names = [
        info.filename for info in archive.infolist() if not _is_folder(info.filename) and not _is_litter(info.filename)
    ]
    if "xl/workbook.xml" in names or "content.xml" in names:
        raise DataError(
            f"{path} is a workbook of a spreadsheet.", "Save its sheet as CSV (UTF-8) there, and give that file."
        )
    if names and all(name.endswith(".npy") for name in names) and len(names) > 1:
        return data
    if len(names) != 1:
        raise DataError(
            f"The zip file {path} holds {len(names)} files{_told(names)}; one is needed.",
            "Unpack it and give the file with the genes.",
        )
    return read_member(archive, names[0], path)


def _is_folder(name: str) -> bool:
    # ZipInfo.is_dir fails at a file without a name.
    return name.endswith("/")


def _is_litter(name: str) -> bool:
    """Says whether macOS put the file beside the others."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] == ".DS_Store"


def _told(names: Sequence[str]) -> str:
    more = ["..."] if len(names) > _MOST_NAMES else []
    return f" ({', '.join([repr(name[:60]) for name in names[:_MOST_NAMES]] + more)})" if names else ""
