"""Storage URLs: what is understood, what is refused, and that no password gets out."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg as psycopg_dialect

from storage.errors import StorageError
from storage.mounts import file_system_of, find_file_system
from storage.url import parse_url, redact

MOUNTS = r"""
proc /proc proc rw 0 0
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local xfs rw 0 0
//nas/my\040data /mnt/my\040data cifs rw 0 0
tmpfs /home/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:SECRET@db/hpo",
        "postgresql+psycopg://ann:SE@CR:ET/SECRET@db:5432/hpo",
        "postgresql://:SECRET@db/hpo",
        "postgresql://db/hpo?user=ann&password=SECRET&sslmode=require",
        "connection to postgresql://ann:SECRET@db/hpo failed, then postgresql://bob:SECRET@db2/hpo as well",
        "could not connect: host=db password=SECRET dbname=hpo",
        "host=db password='SECRET with space' dbname=hpo",
        '{"user": "ann", "password": "SECRET"}',
        "aws_secret_access_key = SECRET",
        "PGPASSWORD=SECRET hpo worker",
        "HPO_STORAGE='postgresql://ann:SECRET@db/hpo' hpo worker",
        "https://ann:SECRET@s3.example.org/bucket",
    ],
)
def test_no_form_of_a_password_is_shown(text):
    shown = redact(text)
    assert "SECRET" not in shown
    assert "***" in shown


def test_sqlalchemy_s_own_hiding_misses_the_query():
    """The trap that makes `redact` necessary."""
    url = "postgresql://db/hpo?password=SECRET"
    assert "SECRET" in make_url(url).render_as_string(hide_password=True)
    assert "SECRET" not in redact(url)


@given(st.text(st.characters(blacklist_characters=" '\"", blacklist_categories=("Z", "C")), min_size=1))
def test_whatever_stands_between_user_and_host_goes(password):
    assert redact(f"postgresql://ann:{password}@db/hpo") == "postgresql://ann:***@db/hpo"


def test_what_holds_no_secret_is_left_alone():
    for text in (
        "sqlite:///a/b.db",
        "grpc://host:13000",
        "password authentication failed for user ann",
        "50 % at 3:15",
    ):
        assert redact(text) == text


def test_a_long_text_is_gone_through_once() -> None:
    """The trap: letters that may stand before a word or a scheme, looked for from each letter of a long gene."""
    gene = "acgt" * 250_000
    assert (
        redact(f"{gene} {gene}_password=SECRET {gene}://ann:SECRET@db")
        == f"{gene} {gene}_password=*** {gene}://ann:***@db"
    )


@pytest.mark.parametrize(
    "piece", ["://x:", "://x:y", "://", "@", "x://me:pw@db ", "password", "password='", 'secret"', "token: ", ":"]
)
def test_a_piece_that_is_repeated_a_hundred_thousand_times_is_gone_through_once(piece: str) -> None:
    """The trap: an '@' that is looked for anew from each `://user:`: half an hour for a megabyte, seconds here."""
    assert "SECRET" not in redact(f"{piece * 100_000} postgresql://ann:SECRET@db/hpo")


@given(st.text(st.sampled_from("ab:/@'\" \u2028"), max_size=40))
def test_it_leaves_out_what_one_pattern_would(text: str) -> None:
    """The pattern says it in one line, and takes the square of a text's length."""
    pattern = re.compile(r"(://[^\s:/@'\"]*):[^\s'\"]*@")
    assert redact(text) == pattern.sub(r"\1:***@", text)


def test_the_deepest_and_latest_mount_tells_the_file_system():
    expected = {
        "/var/hpo.db": "ext4",
        "/home/ann/hpo.db": "nfs4",
        "/homeland/hpo.db": "ext4",
        "/home/local/hpo.db": "tmpfs",
        "/mnt/my data/hpo.db": "cifs",
    }
    assert {path: find_file_system(Path(path), MOUNTS) for path in expected} == expected


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_this_machine_tells_its_file_systems(tmp_path):
    (tmp_path / "link").symlink_to("/proc/self")
    assert file_system_of(Path("/proc/self/status")) == "proc"
    assert file_system_of(tmp_path / "link" / "not there yet.db") == "proc"
    assert file_system_of(tmp_path) not in ("", "proc")


def test_a_machine_without_proc_tells_nothing_and_refuses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.mounts.MOUNTS", tmp_path / "no such table")
    assert file_system_of(tmp_path) == ""
    assert parse_url(f"sqlite:///{tmp_path}/hpo.db").path == tmp_path / "hpo.db"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "lustre", "fuse.sshfs"])
def test_sqlite_on_a_network_file_system_is_refused_and_postgres_named(tmp_path, kind):
    with pytest.raises(StorageError, match=f"network file system \\({kind}\\)") as caught:
        parse_url(f"sqlite:///{tmp_path}/hpo.db", file_system=lambda path: kind)
    assert "postgresql://" in caught.value.next_step


def test_a_sqlite_file_is_found_relative_or_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_url("sqlite:///hpo.db").path == Path("hpo.db")
    odd = tmp_path / "two words, 100%" / "it's.db"
    odd.parent.mkdir()
    assert parse_url(f"sqlite:///{odd}").path == odd


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_postgres_goes_through_psycopg_3(scheme):
    url = parse_url(f"{scheme}://ann:p%40ss@db:5433/hpo?sslmode=require")
    assert url.engine_url == "postgresql+psycopg://ann:p%40ss@db:5433/hpo?sslmode=require"
    assert url.shown == f"{scheme}://ann:***@db:5433/hpo?sslmode=require"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("postgresql://ann:p%40s@%2Fvar%2Frun%2Fpg:5433/hpo", "host=%2Fvar%2Frun%2Fpg&port=5433"),
        ("postgresql://ann:p%40s@%2Fvar%2Frun/hpo", "host=%2Fvar%2Frun"),
        ("postgresql://ann:p%40s@%2Fvar%2Frun/hpo?sslmode=disable", "sslmode=disable&host=%2Fvar%2Frun"),
    ],
)
def test_a_socket_may_stand_in_the_place_of_the_host(text, query):
    url = make_url(parse_url(text).engine_url)
    assert url == make_url(f"postgresql+psycopg://ann:p%40s@/hpo?{query}")
    arguments = psycopg_dialect().create_connect_args(url)[1]
    assert arguments["host"].startswith("/var/run")
    assert str(arguments.get("port", "")) == ("5433" if "5433" in text else "")


def test_a_missing_driver_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("storage.url.find_spec", lambda name: None)
    with pytest.raises(StorageError, match="psycopg") as caught:
        parse_url("postgresql://db/hpo")
    assert 'pip install "hpo[postgres]"' in caught.value.next_step


def test_a_proxy_has_host_and_port():
    url = parse_url("grpc://db.example.org:13000")
    assert (url.kind, url.host, url.port) == ("grpc", "db.example.org", 13000)
    assert parse_url("grpc://[::1]:5").host == "[::1]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hpo.db",
        "mysql://ann:SECRET@db/hpo",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///hpo.db?mode=ro",
        "sqlite:////no/such/folder/hpo.db",
        "postgresql://ann:SECRET@db",
        "postgresql://ann:SECRET@db:port/hpo",
        "postgresql+asyncpg://db/hpo",
        "grpc://host",
        "grpc://:13000",
        "grpc://host:port",
        "grpc://host:99999",
    ],
)
def test_what_cannot_work_is_refused_with_a_way_on(text):
    with pytest.raises(StorageError) as caught:
        parse_url(text)
    assert caught.value.next_step
    assert "SECRET" not in str(caught.value)
