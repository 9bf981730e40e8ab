"""What is done is done: an answer that was given is kept with the study, and written again without opening anything."""

import datetime
import hashlib
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from hpo.errors import HpoError, NotFinishedError
from hpo.finalizing.report_folder import check_not_another_s, open_report_folder, replacing
from hpo.report.files import RESULT, is_of_a_report
from hpo.study.answers import Answer, newest_answer, read_answer
from hpo.study.opened import OpenedStudy
from hpo.terminal import moment, say


def find_answer(opened: OpenedStudy, name: str) -> Answer | None:
    """Finds an answer that was given before; None where there is none that could be written.

    Args:
        opened: The study.
        name: Of its attribute.
    """
    return _usable(read_answer(opened.handle.attributes(), name))


def _usable(answer: Answer | None) -> Answer | None:
    if answer is None or RESULT not in answer.files:
        return None
    # The names come from a database, and become paths.
    return answer if all(is_of_a_report(Path(one)) for one in answer.files) else None


def report_again(opened: OpenedStudy, output: Path, *, overwrite: bool = False) -> dict[str, Any]:
    """Writes the report of the answer that was given last; nothing is trained or opened.

    Args:
        opened: The study.
        output: The report's folder.
        overwrite: Whether the report of another study may be replaced.

    Returns:
        What result.json holds.

    Raises:
        NotFinishedError: The study was not answered, or by a version that kept no answer.
        HpoError: The folder cannot be written, or holds what hpo has not written, or another study's report.
        StorageError: A file is gone from the artifacts, or damaged.
    """
    answer = _usable(newest_answer(opened.handle.attributes()))
    if answer is None:
        raise NotFinishedError(
            f"Study {opened.handle.name!r} keeps no answer whose report could be written again.",
            f"Answer it: hpo finalize --study {shlex.quote(opened.handle.name)} --output {output}",
        )
    open_report_folder(output)
    check_not_another_s(output, opened.handle.name, opened.contract.created, overwrite)
    return give_again(opened, answer, output)


def keep_answer(opened: OpenedStudy, name: str, files: Mapping[str, str]) -> None:
    """Writes down that an answer was given.

    Args:
        opened: The study.
        name: Of its attribute.
        files: SHA-256 by the name in the report's folder; all of them lie among the artifacts.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    opened.handle.set(name, Answer(finished=now, files=files).as_dict())


def give_again(opened: OpenedStudy, answer: Answer, output: Path) -> dict[str, Any]:
    """Says that the study is answered, and writes the report where it is not whole.

    Args:
        opened: The study.
        answer: Given before.
        output: The report's folder, as `open_report_folder` has found it usable.

    Returns:
        What result.json holds.

    Raises:
        StorageError: A file is gone from the artifacts, or damaged.
    """
    result = json.loads(opened.artifacts.get(answer.files[RESULT]))
    if not isinstance(result, dict):
        raise HpoError(
            f"The answer that study {opened.handle.name!r} was given holds no result.",
            f"Answer it anew: hpo finalize --again --study {shlex.quote(opened.handle.name)} --output {output}",
        )
    done = f"Study {opened.handle.name!r} is done: it was answered on {moment(answer.finished)}."
    if _is_whole(output, answer):
        say(f"{done} Nothing is trained or opened again; {output} holds the report.")
    else:
        say(f"{done} Nothing is trained or opened again; the report is written from what is stored.")
        with replacing(output) as folder:
            for name, digest in answer.files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(opened.artifacts.get(digest))
    return cast(dict[str, Any], result)


def _is_whole(output: Path, answer: Answer) -> bool:
    """Says whether the folder holds this answer: its result, letter by letter, and every other file."""
    if not all((output / name).is_file() for name in answer.files):
        return False
    return hashlib.sha256((output / RESULT).read_bytes()).hexdigest() == answer.files[RESULT]
