"""The log as JSON: a line is one object with the same keys, no secret, and nothing that commands a terminal."""

import io
import json
import logging
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest

from hpo import terminal
from hpo.boundary import exit_code_of
from hpo.errors import HpoError
from hpo.logs import about
from hpo.terminal import say
from hpo.workers.log import begin_log
from storage.secrets import remember

KEYS = {
    *("time", "level", "logger", "message", "host", "pid", "study", "worker", "device", "trial", "fold", "exception"),
}
log = logging.getLogger("hpo.somewhere")


@pytest.fixture
def lines(monkeypatch) -> Iterator[Callable[[], list[str]]]:
    """What this process has said since its log began, as a worker's does."""
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    monkeypatch.setattr(terminal, "_through_log", False)
    begin_log("json", study="s", worker="w1", device="cpu")
    yield lambda: stderr.getvalue().splitlines()
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def events(lines) -> Callable[[], list[dict]]:
    return lambda: [json.loads(line) for line in lines()]


def test_every_line_has_the_same_keys(events) -> None:
    log.info("trial %d: %s", 3, "COMPLETE")
    say("Worker w1: 1 complete.")
    with about(trial=3), about(fold=1):
        log.warning("it is slow")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("of a library", stacklevel=1)
    assert exit_code_of(_fail) == 1
    told = events()
    assert all(set(event) == KEYS for event in told)
    assert {(event["study"], event["worker"], event["device"]) for event in told} == {("s", "w1", "cpu")}
    assert [event["message"].splitlines()[0].split(":")[0] for event in told[:3]] == [
        "trial 3",
        "Worker w1",
        "it is slow",
    ]
    assert [(event["trial"], event["fold"]) for event in told[:3]] == [(None, None), (None, None), (3, 1)]
    assert [event["level"] for event in told] == ["info", "info", "warning", "warning", "error", "error"]
    assert told[-2]["message"] == "Error: The study is gone."


def _fail() -> int:
    raise HpoError("The study is gone.", "Make another.")


def test_no_secret_and_no_command_for_a_terminal_is_in_it(lines) -> None:
    remember("postgresql://me:Sup3rSecret@db/hpo")
    log.info("Sup3rSecret \x1b[2J\nsecond line \u202e %s", 'with "quotes"')
    try:
        raise ValueError("of Sup3rSecret")
    except ValueError:
        log.exception("it failed")
    first, second = lines()
    for line in (first, second):
        assert "Sup3rSecret" not in line
        assert line.isascii()
        assert line.isprintable()
    assert json.loads(first)["message"] == '*** \x1b[2J\nsecond line \u202e with "quotes"'
    assert "ValueError: of ***" in json.loads(second)["exception"]


def test_each_thread_tells_what_it_is_at_itself(events) -> None:
    def lane(number: int) -> None:
        with about(trial=number):
            log.info("%d", number)

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(event["message"], event["trial"]) for event in events()} == {(str(n), n) for n in range(4)}
