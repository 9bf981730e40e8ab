"""Deletes a study, and the artifacts that it alone names.

First the study, then the artifacts: whatever ends this in between leaves artifacts that nobody names, and no study that
names what is gone.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hpo.deleting.at_work import check_nobody_works, held, refuse_others
from hpo.deleting.named import Named, notes_in, studies_of
from hpo.deleting.place import Place, look
from hpo.deleting.plan import Deleted, Plan, Terms, counted
from hpo.errors import ContractError
from hpo.study.address import StudyAddress
from hpo.study.attributes import CONTRACT
from hpo.study.contract import parse
from hpo.study.listing import describe
from hpo.study.ownership import check_made_here
from storage.artifacts import open_artifacts
from storage.artifacts.notes import remove_note
from storage.connection import open_storage
from storage.retrying_storage import RetryingStorage
from storage.studies import StudyHandle, find_study
from storage.trials.ledger import FOLD_PREFIX

#: Of studies whose contract cannot be read: what `create-study` gives leases by default.
_LEASE_TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class _Artifacts:
    """Those of one study.

    Attributes:
        place: Where they lie.
        storages: All whose studies may name them too.
        own: What the study names.
    """

    place: Place
    storages: Sequence[RetryingStorage]
    own: Named

    @property
    def names(self) -> list[str]:
        """Those that lie in the place."""
        return [name for name in self.place.entries if name in self.own]


def plan_study(address: StudyAddress, terms: Terms, *, keep_artifacts: bool = False) -> Plan:
    """Looks at a study that is to be deleted.

    Args:
        address: Where it lives.
        terms: Of its artifacts.
        keep_artifacts: Whether the study alone is deleted.

    Raises:
        StorageError: No such study, or storage or artifacts do not answer.
        HpoError: Another program made it, workers are at it, or others may name its artifacts.
    """
    storage = open_storage(address.storage)
    handle = find_study(storage, address.study)
    check_made_here(handle)
    dead = check_nobody_works(storage, handle, _lease_timeout_s(handle))
    trials = storage.get_all_trials(handle.study_id, deepcopy=False)
    folds = sum(key.startswith(FOLD_PREFIX) for trial in trials for key in trial.user_attrs)
    artifacts = None if keep_artifacts else _artifacts(storage, handle, address, terms)
    others = None if artifacts is None else _others(artifacts, storage, handle)
    free = [] if artifacts is None else [name for name in artifacts.names if name not in (others or ())]
    old = [] if artifacts is None else artifacts.place.old(free)

    def run() -> Deleted:
        refuse_others(handle, held(storage, handle), dead)
        with suppress(KeyError):  # somebody was faster, or the answer to the first try was lost
            storage.delete_study(handle.study_id)
        return _without_study(handle.name, len(trials), artifacts)

    return Plan(
        study=handle.name,
        about=f"Study {handle.name!r}: {_state(storage, handle.name)}, {counted(len(trials), 'trial')}, "
        f"{counted(folds, 'fold')} trained",
        trials=len(trials),
        folds=folds,
        artifacts=old,
        shared=0 if artifacts is None else len(artifacts.names) - len(free),
        young=len(free) - len(old),
        place=address.artifact_location if artifacts is None else artifacts.place.store.location,
        min_age_s=terms.min_age_s,
        run=run,
    )


def _artifacts(storage: RetryingStorage, handle: StudyHandle, address: StudyAddress, terms: Terms) -> _Artifacts:
    place = look(open_artifacts(address.artifact_location), terms.min_age_s)
    storages = [storage, *map(open_storage, terms.also)]
    place.check_known(notes_in(storages), terms.gone, terms.no_earlier_studies)
    own = [(storage, study) for study in storage.get_all_studies() if study._study_id == handle.study_id]
    return _Artifacts(place=place, storages=storages, own=Named.by(own, place.store))


def _others(artifacts: _Artifacts, storage: RetryingStorage, handle: StudyHandle) -> Named:
    studies = studies_of(artifacts.storages)
    others = [one for one in studies if one[0] is not storage or one[1]._study_id != handle.study_id]
    return Named.by(others, artifacts.place.store)


def _without_study(name: str, trials: int, artifacts: _Artifacts | None) -> Deleted:
    """Removes the artifacts of a study that is gone, as far as nobody names them now."""
    if artifacts is None:
        return Deleted(study=name, trials=trials, artifacts=0, bytes=0, left=0)
    others = Named.by(studies_of(artifacts.storages), artifacts.place.store)
    free = [one for one in artifacts.names if one not in others]
    removed = artifacts.place.remove(artifacts.place.old(free))
    for note in artifacts.own.notes - others.notes:
        remove_note(artifacts.place.store, note)
    size = sum(entry.size for entry in removed)
    return Deleted(study=name, trials=trials, artifacts=len(removed), bytes=size, left=len(free) - len(removed))


def _lease_timeout_s(handle: StudyHandle) -> float:
    try:
        return parse(handle.attributes()[CONTRACT], handle.name).leases.timeout_s
    except ContractError:
        return _LEASE_TIMEOUT_S


def _state(storage: RetryingStorage, name: str) -> str:
    listed = describe(storage, name)
    return listed.state if listed.reason else f"{listed.state}, {listed.finished} of {listed.budget} finished"
