"""One limit for the memory that reading takes: stated, raised by `--memory`, and told with what would be needed."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from hpo.cli.sizes import parse_size
from model.errors import DataError
from model.reading import memory, read_genes

ROWS = b"id,sequence,resistant\n" + b"".join(b"g%d,%s,%d\n" % (row, b"ACGT" * 500, row % 2) for row in range(1_000))


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GiB", 8 * 2**30), ("500MB", 500 * 10**6), ("1.5g", 1_500_000_000), (" 64 MiB ", 2**26), ("2097152", 2**21)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "much", "-1GiB", "8GiBs", "1e9", "inf", "nan", "1k", "9999999TiB", "9" * 400, "٣GB"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_size(text)


def test_a_file_that_is_large_as_it_is_is_read_whatever_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "DEFAULT", 10_000)
    (tmp_path / "genes.csv").write_bytes(ROWS)
    assert len(read_genes(tmp_path / "genes.csv")) == 1_000


def test_a_packed_file_may_always_unpack_to_its_own_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "DEFAULT", 10_000)
    path = tmp_path / "genes.csv.gz"
    path.write_bytes(gzip.compress(ROWS, 0))
    assert len(read_genes(path)) == 1_000
    path.write_bytes(gzip.compress(ROWS, 9))
    with pytest.raises(DataError, match="has more than"):
        read_genes(path)


def hpo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "hpo", *arguments], capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_the_option_says_what_would_need_how_much_and_lets_it_in(tmp_path: Path) -> None:
    for name, data in (("genes.csv", ROWS), ("genes.csv.gz", gzip.compress(ROWS))):
        path = tmp_path / name
        path.write_bytes(data)
        refused = hpo("inspect", str(path), "--memory", "4MiB")
        assert refused.returncode == 1
        told = " ".join(refused.stderr.split())
        assert "4,194,304 are allowed" in told
        assert "--memory 1GiB" in told
        read = hpo("inspect", str(path), "--memory", "1GiB", "--json")
        assert json.loads(read.stdout)["rows"] == 1_000
