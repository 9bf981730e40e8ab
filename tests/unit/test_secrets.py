"""No part of an address that may be secret is ever shown, whatever is wrong with the address, and whoever quotes it."""

import logging
import os
import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hpo.logs import log_to_stderr
from hpo.study.address import StudyAddress
from hpo.terminal import say, show
from storage import secrets
from storage.artifacts import open_artifacts
from storage.errors import StorageError
from storage.secrets import remember, without_secrets
from storage.url import parse_url, redact


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:abc@Sup3rSecret/x@127.0.0.1:1/hpo", "postgresql://me:***@127.0.0.1:1/hpo"),
        ("postgresql://me@realm:Sup3rSecret@db/hpo", "postgresql://me@realm:***@db/hpo"),
        ("postgresql://me:Sup3r Secret@db/hpo", "postgresql://me:***@db/hpo"),
        ("postgresql://me:Sup3r'\"Secret@db/hpo", "postgresql://me:***@db/hpo"),
        ("postgresql://me:Sup3rSecret?x#y@db/hpo", "postgresql://me:***@db/hpo"),
        ("postgresql://db/hpo?user=me&password=Sup3rSecret&sslmode=require", None),
        ("postgresql://db/hpo?passwd=Sup3rSecret", None),
        ("postgresql:/me:Sup3rSecret@db/hpo", None),
        ("postgresql:me:Sup3rSecret@db/hpo", None),
        ("postgressql://me:Sup3rSecret@db/hpo", None),
        ("me:Sup3rSecret@db/hpo", None),
        ("Sup3rSecret@db/hpo", None),
        ("postgresql://me:Sup3rSecret", None),
        ("postgresql://me:Sup3rSecret/hpo", None),
        ("s3://AKIAKEY:Sup3rSecret@bucket/prefix", None),
        ("s3://Sup3rSecret@bucket/prefix", None),
        ("https://Sup3rSecret:x@example.org/bucket", None),
    ],
)
def test_whatever_is_secret_in_an_address_goes(address: str, shown: str | None) -> None:
    if address.startswith("https"):
        address = address.replace("Sup3rSecret:x", "x:Sup3rSecret")
    remember(address)
    for secret in ("Sup3r", "Secret"):
        assert secret not in without_secrets(f"cannot connect to {address}: no such place")
    if shown is not None:
        assert redact(address) == shown


@pytest.mark.parametrize("words", ['could not translate host name "Sup3rSecret/x"', "user me, password abc"])
def test_the_half_that_a_driver_quotes_goes_too(words: str) -> None:
    remember("postgresql://me:abc@Sup3rSecret/x@127.0.0.1:55432/hpo")
    told = without_secrets(words)
    assert "Sup3rSecret" not in told
    assert "abc" not in told.split()
    assert "***" in told


def test_a_secret_goes_in_every_form_and_a_short_one_only_where_it_stands_alone() -> None:
    remember("postgresql://me:p%40ss%2Fword@db/hpo")
    assert without_secrets("p@ss/word, p%40ss%2Fword") == "***, ***"
    remember("postgresql://me:e@db/hpo")
    assert without_secrets("the letter e: every word keeps it") == "the letter ***: every word keeps it"


@pytest.mark.parametrize(
    "address",
    [
        *("sqlite:///a/b.db", "sqlite:////ann@home:a/x@y.db", "/ann@home:a/b", "../x@y", "x"),
        *("grpc://host:13000", "grpc://[::1]:5", "grpc://host:port", "postgresql://me@db/hpo?sslmode=require"),
    ],
)
def test_an_address_without_a_secret_is_shown_as_it_is(address: str) -> None:
    remember(address)
    assert redact(address) == address
    assert secrets.secrets_in(address) == set()


@given(
    st.text(min_size=1), st.sampled_from(["postgresql://me:{}@db:5432/hpo", "postgres:/me:{}@db", "s3://KEY:{}@b/p"])
)
def test_no_password_whatever_its_letters_is_in_what_is_shown(password: str, form: str) -> None:
    assume(password not in f"<{form}>" and password not in "***")
    remember(form.format(password))
    told = without_secrets(f"<{form.format(password)}>")
    assert password not in told or password in form.format("***")


def test_the_message_for_a_raw_at_says_how_to_write_it() -> None:
    with pytest.raises(StorageError, match="more than one '@'") as caught:
        parse_url("postgresql://me:abc@Sup3rSecret/x@127.0.0.1:55432/hpo")
    assert "%40" in caught.value.next_step
    assert "Sup3r" not in str(caught.value)


def test_keys_in_the_place_of_a_bucket_are_refused_and_not_shown() -> None:
    with pytest.raises(StorageError, match="AWS_SECRET_ACCESS_KEY") as caught:
        open_artifacts("s3://AKIAKEY:Sup3rSecret@bucket/prefix")
    assert "Sup3r" not in str(caught.value)
    with pytest.raises(StorageError) as caught:
        open_artifacts("s4://AKIAKEY:Sup3rSecret@bucket/prefix")
    assert "Sup3r" not in str(caught.value)


def test_talk_and_log_are_without_secrets(capsys) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_to_stderr("warning")
        address = StudyAddress(storage="postgresql://me:Sup3r Secret@db/hpo", artifacts="s3://KEY:An0ther@b")
        say("talk of Sup3r Secret")
        logging.getLogger("library").warning("log of %s", "An0ther")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    told = capsys.readouterr().err
    assert "talk of ***" in told
    assert "log of ***" in told
    assert "Sup3r" not in repr(address)
    assert "An0ther" not in repr(address)


def test_no_command_shows_what_it_could_not_read() -> None:
    environment = os.environ | {"HPO_STORAGE": "postgresql://me:abc@Sup3rSecret/x@127.0.0.1:55432/hpo"}
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "status"], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 1
    assert "%40" in done.stderr
    assert "Sup3r" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:Sup3rSecret@db/hpo?keepalives_count=5&sslsni=1&load_balance_hosts=random",
        "postgresql://u:hpo@db/hpo",
        "postgresql://u:5@db/hpo",
    ],
)
def test_figures_and_commands_of_our_own_stay_as_they_are(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    remember(address)
    show("5 of 30 trials finished; best CV accuracy 0.5 (trial 1)\nNext: hpo worker --study random")
    assert "***" not in capsys.readouterr().out


def test_a_password_that_is_a_word_of_ours_goes_where_it_stands_alone() -> None:
    remember("postgresql://u:postgres@db/hpo")
    assert without_secrets("postgresql://u:postgres@db/hpo") == "postgresql://u:***@db/hpo"


def test_a_short_secret_of_a_query_goes_from_messages() -> None:
    remember("postgresql://db/hpo?password=abc")
    assert without_secrets("user me, password abc") == "user me, password ***"
