"""Putting a study that is prepared into the storage: its name, its budget, its first trials, its contract."""

import uuid
import warnings
from collections.abc import Sequence

import optuna
from optuna.storages import BaseStorage

from hpo.objectives import TOLD
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, CONTRACT, NOTE, note_of
from hpo.study.contract import Contract
from hpo.study.earlier import WARM_START, as_stored
from hpo.study.ending import NO_RULES, RULES, Rules
from hpo.study.first_trials import FirstTrial, check_room, first_trials
from hpo.study.ownership import check_may_be_made
from hpo.study.warm_start import WarmStart
from storage.artifacts import open_artifacts
from storage.artifacts.notes import Note, leave_note
from storage.connection import open_storage
from storage.errors import StudyExistsError
from storage.studies import StudyHandle, create_study, find_study, study_names
from storage.trials.queue import TrialQueue


def register(
    address: StudyAddress,
    contract: Contract,
    trials: int,
    ends: Rules = NO_RULES,
    enqueued: Sequence[FirstTrial] = (),
    warm: WarmStart | None = None,
) -> StudyHandle:
    """Puts the study into the storage, with its budget, what ends it before, and its first trials.

    Args:
        address: Where it is to be.
        contract: Of the study.
        trials: Its budget.
        ends: What ends its search before.
        enqueued: The user's own configurations.
        warm: What the search begins from.

    Raises:
        UsageError: The budget does not hold these.
        StudyExistsError: A study of that name is there.
        ContractError: Another program has made one of that name.
        StorageError: The storage does not answer.
    """
    check_room(contract, enqueued, trials)
    storage = open_storage(address.storage, create=True)
    handle = _claim_name(storage, contract.study)
    handle.set(BUDGET, trials)
    if ends.any:
        handle.set(RULES, ends.as_dict())
    if warm is not None:
        handle.set(WARM_START, as_stored(warm.source, warm.earlier))
    first = first_trials(contract, enqueued, [] if warm is None else warm.first)[:trials]
    queue = TrialQueue(storage, handle.study_id)
    queue.enqueue_first([one.params for one in first], [one.attributes for one in first])
    _name_the_objective(storage, contract.study, TOLD[contract.search.objective])
    _leave_note(handle, address, contract)
    # Last: a study without a contract is one whose making was cut short, and can be made again.
    handle.set(CONTRACT, contract.model_dump(mode="json"))
    return handle


def _leave_note(handle: StudyHandle, address: StudyAddress, contract: Contract) -> None:
    """Tells other storages that keep artifacts in the same place of this study."""
    # One whose making was cut short has left its note already.
    own = note_of(handle.attributes()) or uuid.uuid4().hex
    handle.set(NOTE, own)
    note = Note(id=own, study=contract.study, storage=address.shown, made=contract.created)
    leave_note(open_artifacts(address.artifact_location, create=True), note)


def _name_the_objective(storage: BaseStorage, study: str, objective: str) -> None:
    """Sets what optuna-dashboard writes on its axes, in place of "Objective 0"."""
    with warnings.catch_warnings():
        # It has been there since 3.2; Optuna still announces it as experimental at every use.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.Study(study_name=study, storage=storage).set_metric_names([objective])


def _claim_name(storage: BaseStorage, name: str) -> StudyHandle:
    if name in study_names(storage):
        handle = find_study(storage, name)
        if CONTRACT not in handle.attributes():
            check_may_be_made(handle)
            return handle
        raise StudyExistsError(
            f"A study named {name!r} is in this storage already.",
            "Choose another --study, or go on with it: `hpo worker`, `hpo status`, `hpo extend`.",
        )
    return create_study(storage, name)
