"""Finalize: an answer that was given is given again; else the study is answered."""

import shlex
from pathlib import Path
from typing import Any

from hpo.errors import NotFinishedError
from hpo.finalizing.given_answer import find_answer, give_again, keep_answer
from hpo.finalizing.options import FinalizeOptions
from hpo.finalizing.report_folder import check_not_another_s, open_report_folder
from hpo.study.end_search import orders_before_a_claim
from hpo.study.opened import OpenedStudy
from hpo.study.status import Status, read_status


def finalize(opened: OpenedStudy, output: Path, options: FinalizeOptions) -> dict[str, Any]:
    """Answers the study's question; what was answered with these options before is written again, and not made anew.

    Args:
        opened: The opened study.
        output: Folder for result.json, the report, plots and the model.
        options: Of the user.

    Returns:
        What result.json holds.

    Raises:
        NotFinishedError: The budget is not spent, or no trial is complete.
        HpoError: The folder cannot be written, or holds what hpo has not written, or another study's report.
    """
    finished = _check_finished(opened, options.early)
    open_report_folder(output)
    check_not_another_s(output, opened.handle.name, opened.contract.created, options.overwrite)
    name = options.answer_name(finished.budget)
    given = find_answer(opened, name) if finished.state == "done" and not options.again else None
    if given is not None:
        return give_again(opened, given, output)
    # Seconds of imports, for those alone who need them.
    from hpo.finalizing.steps import answer

    result, files = answer(opened, output, options)
    if finished.state == "done":
        keep_answer(opened, name, files)
    return result


def _check_finished(opened: OpenedStudy, early: bool) -> Status:
    # Workers may have found the end of the search, and not been allowed to write it down.
    orders_before_a_claim(opened)
    status = read_status(opened)
    if status.state != "done" and not early:
        raise NotFinishedError(
            f"Study {status.study!r} is not finished: {status.finished} of {status.budget} trials are.",
            f"Let workers finish it (hpo worker --study {shlex.quote(status.study)}), or answer from what is there: "
            "--early.",
        )
    return status
