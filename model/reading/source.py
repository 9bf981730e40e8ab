"""The bytes of a file, unpacked, as UTF-8 where they are text, and what format they are: by the bytes, not by name."""

import codecs
import re
from pathlib import Path
from typing import Literal

from model.errors import DataError
from model.reading.containers import unpack
from model.reading.foreign import READABLE, refuse_foreign

Format = Literal["npy", "npz", "pickle", "parquet", "arrow file", "arrow stream", "json", "fasta", "delimited"]

BYTE_ORDER_MARK = codecs.BOM_UTF8
# UTF-32 first, for its mark begins with that of UTF-16.
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BINARY: dict[Format, re.Pattern[bytes]] = {
    "npy": re.compile(rb"\x93NUMPY"),
    "npz": re.compile(rb"PK\x03\x04"),
    "pickle": re.compile(rb"\x80[\x02-\x05]"),
    "parquet": re.compile(rb"PAR1"),
    "arrow file": re.compile(rb"ARROW1"),
    "arrow stream": re.compile(rb"\xff\xff\xff\xff"),
}
_LOOK = 4096


def read_bytes(path: Path) -> bytes:
    """Reads a file, unpacks it where it is packed, and turns UTF-16 and UTF-32 into UTF-8 where a mark says so.

    Raises:
        DataError: The file is not there, not readable, empty, or cannot be unpacked.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"The file {path} does not exist.", "Check the path.") from error
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror}.", "Give a readable file.") from error
    data = _as_utf8(unpack(data, path), path)
    if not data or data.isspace():
        raise DataError(f"The file {path} is empty.", READABLE)
    return data


def format_of(data: bytes, path: Path) -> Format:
    """Tells the format by the first bytes.

    Raises:
        DataError: It is of another kind.
    """
    start = data[:_LOOK]
    for kind, pattern in _BINARY.items():
        if pattern.match(start):
            return kind
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    refuse_foreign(text if b"\0" not in start else start, path)
    if b"\0" in start:
        raise DataError(f"{path} is a binary file of a kind that is not known.", READABLE)
    if text.startswith(b">"):
        return "fasta"
    return "json" if text.startswith((b"{", b"[")) else "delimited"


def _as_utf8(data: bytes, path: Path) -> bytes:
    for mark, encoding in _WIDE.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode()
            except UnicodeError as error:
                raise DataError(f"{path} is not {encoding.upper()} text: {error}.", "Save it as UTF-8.") from error
    return data
