"""The whole job on this machine: create, search with one worker per device, finalize. Run again, it goes on."""

import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpo.errors import ContractError, HpoError
from hpo.finalizing import FinalizeOptions, check_not_another_s, finalize, open_report_folder
from hpo.finalizing.report_folder import LOG
from hpo.signals import StopFlag, on_stop
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, CONTRACT
from hpo.study.contract import Contract, parse
from hpo.study.create import Plan, open_for_creation, prepare
from hpo.study.differences import differences
from hpo.study.first_estimate import in_words
from hpo.study.opened import OpenedStudy, open_study
from hpo.study.ownership import check_made_here, check_may_be_made
from hpo.study.progress import SearchProgress, search_progress
from hpo.study.register import register
from hpo.study.status import Status, read_status
from hpo.terminal import duration, say, step
from hpo.trial.development_rows import load_development_rows
from hpo.workers.assignment import Limits
from hpo.workers.devices import Slot, slots_here
from hpo.workers.parent import run_children
from hpo.workers.probe import estimate_search
from model.genes import Genes
from storage.connection import open_storage
from storage.errors import StorageError, StorageUnavailableError
from storage.studies import find_study, study_names

#: Seconds between looks at the study, each of which reads its trials.
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the user asked for."""

    address: StudyAddress
    plan: Plan
    #: Folder for report, model and the workers' log.
    output: Path
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
    slots = slots_here(job.device, job.workers)
    open_report_folder(job.output, kept=job.address.local_paths)
    earlier = _existing(job.address)
    created = None if earlier is None else earlier.created
    check_not_another_s(job.output, job.plan.study, created, job.answer.overwrite)
    opened = _create_or_go_on(job, read_genes, earlier)
    status = read_status(opened)
    if status.state != "done":
        say(f"Searching: {job.plan.trials} trials{_left(opened, status, slots)}; the workers' log is {job.log_file}")
        with on_stop() as stop:
            _search(opened, slots, job, stop)
        if stop:
            say("Stopped. Finished folds are kept: the same command goes on.")
            return JobOutcome(None, stop.exit_code)
    return JobOutcome(finalize(opened, job.output, job.answer))


def _left(opened: OpenedStudy, status: Status, slots: Sequence[Slot]) -> str:
    """Says how long the search takes: by its folds where it has some, else by what is tried, which CPUs alone are."""
    if status.work_left is not None:
        return f", about {duration(status.work_left / len(slots))} of search left"
    if status.folds_trained or any(slot.device != "cpu" for slot in slots):
        return ""
    with step("Trying how long a fold takes"):
        development = load_development_rows(opened.contract, opened.artifacts)
        span = estimate_search(opened.contract, development, status.budget, len(slots), os.getloadavg()[0])
    return "" if span is None else f", {in_words(*span)} by a first try"


def _create_or_go_on(job: Job, read_genes: Callable[[], Genes], earlier: Contract | None) -> OpenedStudy:
    """Makes the study, or finds that the one there is the same."""
    artifacts, genes = open_for_creation(job.address), read_genes()
    contract = prepare(genes, job.plan if earlier is None else _as_begun(job.plan, earlier), artifacts)
    if earlier is None:
        register(job.address, contract, job.plan.trials)
    else:
        _check_same(earlier, contract)
    opened = open_study(job.address)
    if earlier is not None:
        say(f"Study {contract.study!r} is there already: going on with it.")
    _extend(opened, job.plan.trials)
    return opened


def _existing(address: StudyAddress) -> Contract | None:
    try:
        storage = open_storage(address.storage)
    except StorageError:
        # No storage yet; whatever else is wrong with it, making the study will say.
        return None
    if address.study not in study_names(storage):
        return None
    handle = find_study(storage, address.study)
    attributes = handle.attributes()
    if CONTRACT not in attributes:
        check_may_be_made(handle)
        return None
    check_made_here(handle)
    return parse(attributes[CONTRACT], handle.name)


def _as_begun(plan: Plan, earlier: Contract) -> Plan:
    """Keeps what was chosen for the user: another budget, or another version, would choose otherwise."""
    return replace(
        plan,
        original=plan.original or earlier.original,
        pruner=plan.pruner or earlier.search.pruner,
        related=bool(earlier.data.ancestors),
        may_not_code=earlier.data.columns is not None,
    )


def _check_same(earlier: Contract, asked: Contract) -> None:
    if differing := differences(earlier, asked):
        raise ContractError(
            f"A study named {earlier.study!r} is in this storage already, and differs from what is asked for. "
            f"{'; '.join(differing)}.",
            "Give the same data and options to go on with it, or choose another --study.",
        )


def _extend(opened: OpenedStudy, trials: int) -> None:
    """Raises the study's budget to what is asked for."""
    budget, name = opened.budget, opened.handle.name
    if trials < budget:
        raise ContractError(
            f"Study {name!r} has a larger budget than is asked for. --trials: {budget} in the study, {trials} here.",
            f"Give --trials {budget}, or lower it: `hpo extend --study {shlex.quote(name)} --trials {trials}`.",
        )
    if trials > budget:
        opened.handle.set(BUDGET, trials)
        say(f"The budget of study {name!r} is raised from {budget} to {trials} trials.")


def _search(opened: OpenedStudy, slots: Sequence[Slot], job: Job, stop: StopFlag) -> None:
    """Runs worker processes until the budget is spent, with live progress."""
    # Whoever asks us to stop must not wait for a storage that is away, and that is the children's to judge.
    hurried = opened.in_a_hurry()

    def show(progress: SearchProgress) -> None:
        with suppress(StorageUnavailableError):
            progress.update(read_status(hurried))

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
