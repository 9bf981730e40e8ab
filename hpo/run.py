"""The whole job on this machine: create, search with one worker per device, finalize. Run again, it goes on."""

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from hpo.errors import ContractError, HpoError
from hpo.signals import StopFlag
from hpo.study.address import StudyAddress
from hpo.study.attributes import CONTRACT
from hpo.study.contract import Contract, parse
from hpo.study.create import Plan, open_for_creation, prepare, register
from hpo.study.opened import OpenedStudy
from hpo.study.progress import search_progress
from hpo.study.status import read_status
from hpo.workers.burial import bury, give_back
from hpo.workers.devices import Slot
from hpo.workers.fleet import Fleet
from hpo.workers.patrol import Patrol
from model.genes import Genes
from storage.connection import open_storage
from storage.errors import StorageError, StorageUnavailableError
from storage.studies import find_study, study_names

#: Not part of what two contracts must agree on: made anew by every call.
_DATED = {"created", "versions"}


def create_or_go_on(place: StudyAddress, genes: Genes, plan: Plan) -> bool:
    """Make the study, or find that the one there is the same.

    Returns:
        Whether the study was there already.

    Raises:
        ContractError: A study of that name is there, and differs.
    """
    contract = prepare(genes, plan, open_for_creation(place.storage, place.artifacts))
    earlier = _existing(place)
    if earlier is None:
        register(place.storage, contract, plan.trials)
        return False
    _check_same(earlier, contract)
    return True


def _existing(place: StudyAddress) -> Contract | None:
    try:
        storage = open_storage(place.storage)
    except StorageError:
        # No storage yet; whatever else is wrong with it, making the study will say.
        return None
    if place.study not in study_names(storage):
        return None
    attributes = find_study(storage, place.study).attributes()
    return parse(attributes[CONTRACT], place.study) if CONTRACT in attributes else None


def _check_same(earlier: Contract, asked: Contract) -> None:
    before = earlier.model_dump(mode="json", exclude=_DATED)
    now = asked.model_dump(mode="json", exclude=_DATED)
    differing = [name for name in before if before[name] != now[name]]
    if differing:
        raise ContractError(
            f"A study named {earlier.study!r} is in this storage already, and differs in: {', '.join(differing)}.",
            "Give the same data and options to go on with it, or choose another --study.",
        )


def search(opened: OpenedStudy, place: StudyAddress, slots: Sequence[Slot], log_file: Path, stop: StopFlag) -> None:
    """Run worker processes until the budget is spent, with live progress.

    Raises:
        HpoError: All workers ended before the budget was spent.
    """
    fleet = Fleet(
        slots=slots,
        environment=place.environment,
        bury=partial(bury, opened),
        give_back=partial(give_back, opened),
        stop=stop,
        log_file=log_file,
    )
    # Whoever asks us to stop must not wait for a storage that is away, and that is the children's to judge.
    hurried, patrol = opened.in_a_hurry(), Patrol(opened)
    with search_progress(opened.budget) as progress, fleet:
        while fleet.alive and not stop.wait(1.0):
            fleet.poll()
            patrol.look()
            with suppress(StorageUnavailableError):
                progress.update(read_status(hurried))
    if not stop and read_status(opened).state != "done":
        raise HpoError(
            f"All workers ended before the budget of study {place.study!r} was spent.",
            f"Their log is {os.fspath(log_file)}. The same command goes on where they stopped.",
        )


def check_budget(opened: OpenedStudy, trials: int) -> None:
    """Refuse to go on with another budget than was asked for.

    Raises:
        ContractError: The study's budget is another one.
    """
    budget = opened.budget
    if budget != trials:
        raise ContractError(
            f"Study {opened.handle.name!r} has a budget of {budget} trials, not {trials}.",
            f"Give --trials {budget}, or raise it: `hpo extend --study {opened.handle.name} --trials N`.",
        )
