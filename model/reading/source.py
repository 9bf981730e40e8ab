"""The bytes of a file, unpacked where they are gzipped, and what format they are. Names do not matter, bytes do."""

import gzip
import zlib
from pathlib import Path
from typing import Literal

from model.errors import DataError

Format = Literal["npy", "parquet", "fasta", "delimited"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_LOOK = 4096
_READABLE = "Readable: .npy (the pickled form), CSV or TSV, FASTA, Parquet; each also gzipped."


def read_bytes(path: Path) -> bytes:
    """Reads a file, and unpacks it where it is gzipped.

    Raises:
        DataError: The file is not there, not readable, empty, or its gzip is damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"The file {path} does not exist.", "Check the path.") from error
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror}.", "Give a readable file.") from error
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"The gzip file {path} is damaged: {error}.", "Copy or download it again.") from error
    if not data or data.isspace():
        raise DataError(f"The file {path} is empty.", _READABLE)
    return data


def format_of(data: bytes, path: Path) -> Format:
    """Tells the format by the first bytes.

    Raises:
        DataError: It is a binary file of another kind.
    """
    start = data[:_LOOK]
    if start.startswith(b"\x93NUMPY"):
        return "npy"
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b">"):
        return "fasta"
    if start.startswith(_ZIP):
        raise DataError(f"{path} is a zip archive or a spreadsheet.", f"Export it as CSV. {_READABLE}")
    if b"\0" in start:
        raise DataError(f"{path} is a binary file of a kind that is not known.", _READABLE)
    return "delimited"
