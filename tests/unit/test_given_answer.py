"""An answer that was given is a row of a database: what is none of ours is not written anywhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hpo.finalizing.given_answer import find_answer, give_again, keep_answer
from hpo.finalizing.report_folder import open_report_folder
from hpo.study.answers import answer_name, last_answered
from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status

NAME = answer_name(3, "best", "usual", "with_test")
DIGEST = "0" * 64
WHEN = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "yes",
        {"finished": WHEN, "files": {}},
        {"finished": WHEN, "files": {"result.json": "short"}},
        {"finished": WHEN, "files": {"result.json": DIGEST, "../../evil": DIGEST}},
        {"finished": WHEN, "files": {"result.json": DIGEST, "/etc/passwd": DIGEST}},
    ],
)
def test_what_is_no_answer_of_ours_is_none(opened: Callable[[], OpenedStudy], stored: object) -> None:
    study = opened()
    study.handle.set(NAME, stored)
    assert find_answer(study, NAME) is None


def test_an_answer_is_written_where_it_is_not_whole(opened: Callable[[], OpenedStudy], tmp_path: Path) -> None:
    study, output = opened(), tmp_path / "report"
    files = {"result.json": b'{"study": "s"}', "report.md": b"said", "model/config.json": b"{}"}
    keep_answer(study, NAME, {name: study.artifacts.put(data) for name, data in files.items()})
    answer = find_answer(opened(), NAME)
    assert answer is not None
    for damage in ("", "report.md", "result.json"):
        open_report_folder(output)
        if damage:
            (output / damage).write_text("{}") if damage == "result.json" else (output / damage).unlink()
        assert give_again(study, answer, output) == {"study": "s"}
        assert {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*.*")} == files
    assert last_answered(study.handle.attributes(), 3) == answer.finished
    # More trials are another question.
    assert last_answered(study.handle.attributes(), 4) is None
    assert read_status(study).answered is None
