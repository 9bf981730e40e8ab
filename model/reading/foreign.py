"""Files of kinds that are not read here, told by their first bytes: what each is, and how to get a readable one."""

import re
from dataclasses import dataclass
from pathlib import Path

from model.errors import DataError

READABLE = (
    "Readable: tables of text (commas, tabs, semicolons, bars), FASTA, JSON and JSON lines, .npy, .npz and .pkl of "
    "plain values, Parquet, Feather and Arrow; each also as .gz, .bz2, .xz, .zst or a .zip of one file."
)
_TO_FASTA = "python -c \"from Bio import SeqIO; SeqIO.convert('{name}', '{kind}', 'genes.fasta', 'fasta')\""


@dataclass(frozen=True)
class _Foreign:
    """A kind of file.

    Attributes:
        start: What its bytes begin with.
        what: What it is.
        step: What helps; {name} is the file's.
    """

    start: re.Pattern[bytes]
    what: str
    step: str


_KINDS = (
    _Foreign(
        re.compile(rb"\s*<(?:!doctype|html|head|\?xml|[a-z]+[ >])", re.IGNORECASE),
        "a page of HTML or XML, such as a server sends in place of a file",
        "Open it in a browser to see what it says, and download the file again.",
    ),
    _Foreign(
        re.compile(rb"version https://git-lfs\.github\.com/spec/"),
        "a pointer of Git LFS, not the data themselves",
        "Fetch them in its repository: git lfs pull",
    ),
    _Foreign(
        re.compile(rb"LOCUS {2,}\S"),
        "a GenBank file",
        "Write its sequences as FASTA: " + _TO_FASTA.replace("{kind}", "genbank"),
    ),
    _Foreign(
        re.compile(rb"@[^\r\n]*\r?\n[A-Za-z.*-]+\r?\n\+"),
        "a FASTQ file of reads",
        "Assemble genes from them; where each read is a gene already, write FASTA: "
        + _TO_FASTA.replace("{kind}", "fastq"),
    ),
    _Foreign(re.compile(rb"##fileformat=VCF"), "a VCF file of variants", "Write sequences: bcftools consensus"),
    _Foreign(re.compile(rb"##gff-version"), "a GFF file of features", "Give the sequences of its genes as FASTA."),
    _Foreign(
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "a workbook of an old spreadsheet",
        "Save its sheet as CSV (UTF-8) there, and give that file.",
    ),
    _Foreign(re.compile(rb"\x89HDF\r\n\x1a\n"), "an HDF5 file", "Write its table as CSV or Parquet."),
    _Foreign(re.compile(rb"FEA1"), "a Feather file of version 1", "Write it again with a present pyarrow, or as CSV."),
    _Foreign(re.compile(rb"%PDF-"), "a PDF", "Give the table that it shows as CSV."),
    _Foreign(re.compile(rb"(?s:.{257})ustar"), "a tar archive", "Unpack it and give the file with the genes."),
)


def refuse_foreign(start: bytes, path: Path) -> None:
    """Refuses a file of a kind that is known and not read.

    Args:
        start: Its first bytes, some hundreds at least.
        path: For the message.

    Raises:
        DataError: It is of such a kind; names the kind and the way to a readable file.
    """
    for kind in _KINDS:
        if kind.start.match(start):
            raise DataError(f"{path} is {kind.what}.", kind.step.replace("{name}", path.name))
