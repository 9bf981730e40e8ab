"""Names, keys and messages of others reach a terminal as text, never as its commands."""

import io
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.boundary import exit_code_of
from hpo.cli.output import print_table
from hpo.errors import HpoError
from hpo.logs import log_to_stderr
from hpo.printable import PrintableStream, printable
from hpo.terminal import say, show, step
from model.errors import DataError
from model.reading.unpickling import safe_unpickle

HOSTILE = "a\x1b]0;PWNED\x07\x1b[2J\x9b1m\r\u202eb\ud800"
SPELLED = r"a\x1b]0;PWNED\x07\x1b[2J\x9b1m\x0d\u202eb\ud800"


def test_what_cannot_be_seen_is_spelled_out_and_lines_stay() -> None:
    assert printable(HOSTILE) == SPELLED
    assert printable("Zürich\tµ → 日本\n") == "Zürich\tµ → 日本\n"


@given(st.text())
def test_it_can_be_printed_anywhere_and_holds_no_control(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert all(letter in "\n\t" or ord(letter) >= 32 for letter in shown)
    assert printable(shown) == shown


def test_talk_results_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    show(HOSTILE)
    print_table(HOSTILE, {"name": HOSTILE})
    with step(HOSTILE + "[/]"):
        pass
    out, err = capsys.readouterr()
    assert err == SPELLED + "\n"
    assert out.count(SPELLED) == 3
    assert "\x1b" not in out


def test_a_step_of_minutes_says_so_where_nobody_sees_a_spinner(capsys: pytest.CaptureFixture[str]) -> None:
    with step("Reading"):
        pass
    assert not capsys.readouterr().err
    with step("Retraining [/]" + HOSTILE, long=True):
        assert capsys.readouterr().err == f"Retraining [/]{SPELLED} ...\n"


def test_a_file_name_is_no_markup_to_a_spinner(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with step("Reading [/]a\x1b]0;PWNED\x07.csv"):
        pass
    assert "]0;PWNED\x07" not in shown.getvalue().replace(r"\x1b]0;PWNED\x07", "")


@pytest.mark.parametrize(
    "error", [HpoError(HOSTILE, HOSTILE), DataError(HOSTILE), ValueError(HOSTILE), OSError(2, HOSTILE)]
)
def test_errors(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise error

    assert exit_code_of(fail) == 1
    told = capsys.readouterr().err
    assert SPELLED in told
    assert "\x1b" not in told


def test_the_name_in_a_hostile_pickle(capsys: pytest.CaptureFixture[str]) -> None:
    data = f"c{HOSTILE[:-1]}\nsystem\n.".encode()
    assert exit_code_of(lambda: len(str(safe_unpickle(data, "it")))) == 1
    assert r"tries to load a\x1b]0;PWNED\x07" in capsys.readouterr().err


def test_a_message_has_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise HpoError("x" * 10_000)

    exit_code_of(fail)
    assert capsys.readouterr().err.endswith("xx ... (6,007 more characters)\n")


def test_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_to_stderr("warning")
        logging.getLogger("hpo").warning("study %s", HOSTILE)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert capsys.readouterr().err.endswith(f"WARNING study {SPELLED}\n")


def test_faults_of_the_dashboard_s_app() -> None:
    stream = io.StringIO()
    print(HOSTILE, file=PrintableStream(stream), flush=True)  # type: ignore[arg-type]
    assert stream.getvalue() == SPELLED + "\n"
