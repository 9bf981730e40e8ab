"""The whole job on this machine: create, search with one worker per device, finalize. Run again, it goes on."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo.errors import HpoError
from hpo.finalizing.finalize import finalize
from hpo.finalizing.options import FinalizeOptions
from hpo.finalizing.report_folder import check_not_another_s, open_report_folder
from hpo.report.files import LOG
from hpo.signals import StopFlag, on_stop
from hpo.study.address import StudyAddress
from hpo.study.again import as_begun, ask_again, check_same, find_earlier
from hpo.study.contract import Contract
from hpo.study.create import Plan, open_for_creation, prepare
from hpo.study.ending import ended_in_words
from hpo.study.first_estimate import in_words
from hpo.study.first_trials import check_enqueued, enqueued
from hpo.study.opened import OpenedStudy, open_study
from hpo.study.progress import SearchProgress, search_progress
from hpo.study.prospects import prospect_in_words
from hpo.study.register import register
from hpo.study.status import Status, read_status
from hpo.study.time_limit import TimeLimit
from hpo.study.warm_start import check_warm_start, read_warm_start
from hpo.terminal import duration, say, step
from hpo.workers.assignment import Limits
from hpo.workers.devices import Slot, slots_here
from hpo.workers.parent import run_children
from model.genes import Genes
from storage.errors import StorageUnavailableError

#: Seconds between looks at the study, each of which reads its trials.
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the user asked for."""

    address: StudyAddress
    plan: Plan
    #: The budget that the user asks for; None for that of the plan, or of the study that is there.
    trials: int | None
    #: Folder for report, model and the workers' log.
    output: Path
    #: Seconds after which the search begins no further trial; None for no limit.
    time_s: float | None = None
    #: What was chosen for the user, each with the option that says otherwise.
    chosen: Sequence[str] = ()
    #: As `--device` has it.
    device: str = "auto"
    #: Worker processes; None for one per GPU, or one per core.
    workers: int | None = None
    #: Trials at once in each; None for as many as help.
    lanes: int | None = None
    #: How the study is answered.
    answer: FinalizeOptions

    @property
    def log_file(self) -> Path:
        """Where the workers' log goes."""
        return self.output / LOG


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended."""

    #: What result.json holds; None where a signal ended the search.
    result: dict[str, Any] | None
    exit_code: int = 0


def run(job: Job, read_genes: Callable[[], Genes]) -> JobOutcome:
    """Does the whole job, or goes on with it.

    Args:
        job: What the user asked for.
        read_genes: Reads the genes, with labels; called once it is known that there are devices and a folder.

    Raises:
        DataError: A device is not there, or the genes are not what a study is made from.
        ContractError: A study of that name is there, and differs.
        HpoError: The folder cannot be written, or all workers ended before the budget was spent.
    """
    earlier = find_earlier(job.address)
    if not job.plan.source.exists():
        # Says so, before a folder is made beside a file that is not there.
        read_genes()
    slots = slots_here(job.device, job.workers)
    open_report_folder(job.output, kept=job.address.local_paths)
    created = None if earlier is None else earlier.created
    check_not_another_s(job.output, job.plan.study, created, job.answer.overwrite)
    if chosen := _chosen(job, is_new=earlier is None):
        say(f"By default: {', '.join(chosen)}.")
    opened = _create_or_go_on(job, read_genes, earlier)
    status = read_status(opened)
    if status.state != "done":
        say(f"Searching: {status.budget} trials{_left(opened, status, slots)}; the workers' log is {job.log_file}")
        with on_stop() as stop:
            _search(opened, slots, job, stop)
        if stop:
            say("Stopped. Finished folds are kept: the same command goes on.")
            return JobOutcome(None, stop.exit_code)
        status = read_status(opened, prospects=True)
        say(prospect_in_words(status.more_trials, status.objective))
    if status.ended is not None:
        say(ended_in_words(status.ended, status.study))
    return JobOutcome(finalize(opened, job.output, job.answer))


def _chosen(job: Job, *, is_new: bool) -> list[str]:
    """What was chosen for the user; a study that is there has its budget."""
    if job.trials is not None or not is_new:
        return [*job.chosen]
    return [*job.chosen, f"up to {job.plan.trials} trials, for as long as more are likely to pay (--trials)"]


def _left(opened: OpenedStudy, status: Status, slots: Sequence[Slot]) -> str:
    """Says how long the search takes: by its folds where it has some, else by what is tried, which CPUs alone are."""
    if status.work_left is not None:
        return f", about {duration(status.work_left / len(slots))} of search left"
    if status.folds_trained or any(slot.device != "cpu" for slot in slots):
        return ""
    # Seconds of imports, for those alone who begin a search.
    from hpo.trial.development_rows import load_development_rows
    from hpo.workers.probe import estimate_search

    with step("Trying how long a fold takes"):
        development = load_development_rows(opened.contract, opened.artifacts)
        span = estimate_search(opened.contract, development, status.budget, len(slots), os.getloadavg()[0])
    return "" if span is None else f", {in_words(*span)} by a first try"


def _create_or_go_on(job: Job, read_genes: Callable[[], Genes], earlier: Contract | None) -> OpenedStudy:
    """Makes the study, or finds that the one there is the same."""
    artifacts, genes = open_for_creation(job.address), read_genes()
    contract = prepare(genes, job.plan if earlier is None else as_begun(job.plan, earlier), artifacts)
    own = enqueued(job.plan.enqueue, contract.search.space)
    if earlier is None:
        warm = read_warm_start(job.plan.warm_start, job.address, contract.search.space)
        register(job.address, contract, job.plan.trials, job.plan.ends, own, warm)
    else:
        check_same(earlier, contract)
    opened = open_study(job.address)
    if earlier is not None:
        say(f"Study {contract.study!r} is there already: going on with it.")
        check_enqueued(opened, own)
        check_warm_start(opened, job.plan.warm_start)
        ask_again(opened, job.trials, job.plan.ends.patience_trials)
    return opened


def _search(opened: OpenedStudy, slots: Sequence[Slot], job: Job, stop: StopFlag) -> None:
    """Runs worker processes until the budget is spent, with live progress."""
    # Whoever asks us to stop must not wait for a storage that is away, and that is the children's to judge.
    hurried, limit = opened.in_a_hurry(), TimeLimit(seconds=job.time_s)

    def show(progress: SearchProgress) -> None:
        with suppress(StorageUnavailableError):
            status = read_status(hurried)
            progress.update(status)
            limit.look(hurried, status)

    with search_progress(opened.budget) as progress:
        run_children(
            opened,
            slots,
            stop,
            limits=Limits(lanes=job.lanes),
            log_file=job.log_file,
            on_look=lambda: show(progress),
            poll_s=_LOOK_EVERY_S,
        )
    if not stop and read_status(opened).state != "done":
        raise HpoError(
            f"All workers ended before the budget of study {opened.handle.name!r} was spent.",
            f"Their log is {os.fspath(job.log_file)}. The same command goes on where they stopped.",
        )
