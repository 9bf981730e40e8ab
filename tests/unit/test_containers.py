import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from model.errors import DataError
from model.reading import read_genes

TABLE = b"id,sequence,resistant\nx,ACGT,1\ny,ACNN,0\n"


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name.replace("__", "/").replace("_", "."))
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


PACKERS = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": zstd,
    "zip": lambda data: zipped(genes_csv=data),
}
packed = pytest.mark.parametrize("packer", PACKERS)


def put(data: bytes, folder: Path) -> Path:
    path = folder / "genes.csv"
    path.write_bytes(data)
    return path


@packed
def test_packed_files_are_read_whatever_their_names(packer: str, tmp_path: Path) -> None:
    genes = read_genes(put(PACKERS[packer](TABLE), tmp_path))
    assert (genes.ids, genes.sequences) == (["x", "y"], ["ACGT", "ACNN"])


@pytest.mark.parametrize("packer", [name for name in PACKERS if name != "zip"])
def test_what_is_packed_in_pieces_is_read_whole(packer: str, tmp_path: Path) -> None:
    pack: Callable[[bytes], bytes] = PACKERS[packer]
    assert read_genes(put(pack(TABLE[:30]) + pack(TABLE[30:]), tmp_path)).ids == ["x", "y"]


@packed
def test_no_more_than_the_limit_is_unpacked(packer: str, tmp_path: Path) -> None:
    table = TABLE + b"z,ACGT,1\n" * 5_000
    memory = 4 * len(table)
    read_genes(put(PACKERS[packer](table), tmp_path), memory=memory)
    with pytest.raises(DataError, match=r"genes.csv has more than 45,040 bytes.*180,160 are allowed.*--memory 1GiB"):
        read_genes(put(PACKERS[packer](table + b" "), tmp_path), memory=memory)
    with pytest.raises(DataError, match=r"more than 45,040 bytes"):
        read_genes(put(PACKERS[packer](bytes(2**22)), tmp_path), memory=memory)


@packed
def test_damaged_files_are_said_to_be_such(packer: str, tmp_path: Path) -> None:
    whole = PACKERS[packer](TABLE * 9)
    with pytest.raises(DataError, match=rf"{packer} file .*genes.csv is damaged.*Copy or download it again"):
        read_genes(put(whole[:-9], tmp_path))


@packed
def test_a_file_that_is_packed_twice_is_refused(packer: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"packed twice.*Unpack it once"):
        read_genes(put(PACKERS[packer](gzip.compress(TABLE, mtime=0)), tmp_path))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a_csv": TABLE, "b_csv": TABLE}, r"holds 2 files \('a.csv', 'b.csv'\); one is needed.*Unpack it"),
        ({}, "holds 0 files; one is needed"),
        ({f"f{number}": b"" for number in range(30)}, r"holds 30 files \('f0', .*'f9', \.\.\.\)"),
        ({"xl__workbook_xml": b"<x/>", "xl__styles_xml": b"<x/>"}, r"workbook of a spreadsheet.*CSV \(UTF-8\)"),
        ({"mimetype": b"x", "content_xml": b"<x/>"}, "workbook of a spreadsheet"),
    ],
)
def test_archives_that_do_not_hold_one_file(files: dict[str, bytes], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_genes(put(zipped(**files), tmp_path))


def test_what_macos_adds_to_an_archive_is_not_counted(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, data in (
            ("genes/", b""),
            ("genes/a.csv", TABLE),
            ("__MACOSX/genes/._a.csv", b"x"),
            (".DS_Store", b"x"),
        ):
            file.writestr(name, data)
    assert read_genes(put(archive.getvalue(), tmp_path)).ids == ["x", "y"]


def test_a_member_that_needs_a_password_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped(a_csv=TABLE))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.index(mark) + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    with pytest.raises(DataError, match=r"'a.csv' in .* cannot be unpacked.*password.*Unpack it"):
        read_genes(put(bytes(data), tmp_path))
