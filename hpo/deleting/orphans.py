"""Deletes artifacts that no study names any more: of studies that were deleted in optuna-dashboard, for one."""

from hpo.deleting.named import Named, notes_in, studies_of
from hpo.deleting.place import Place, look
from hpo.deleting.plan import Deleted, Plan, Terms
from hpo.errors import HpoError
from hpo.study.address import StudyAddress
from storage.artifacts import open_artifacts
from storage.artifacts.notes import remove_note
from storage.connection import open_storage


def plan_orphans(address: StudyAddress, terms: Terms) -> Plan:
    """Looks for artifacts that no study names.

    Args:
        address: Of storage and artifacts.
        terms: Of what is deleted.

    Raises:
        StorageError: Storage or artifacts do not answer.
        HpoError: The artifacts are not this storage's, or studies elsewhere may name them.
    """
    storages = [open_storage(url) for url in (address.storage, *terms.also)]
    place = look(open_artifacts(address.artifact_location), terms.min_age_s)
    place.check_known(notes_in(storages), terms.gone, terms.no_earlier_studies)
    _check_they_are_theirs(Named.by(studies_of(storages[:1]), place.store), place)

    def unnamed() -> list[str]:
        named = Named.by(studies_of(storages), place.store)
        return [name for name in place.entries if name not in named]

    def run() -> Deleted:
        free = unnamed()
        removed = place.remove(place.old(free))
        for note in place.notes:
            if terms.gone and note.id.startswith(tuple(terms.gone)):
                remove_note(place.store, note.id)
        size = sum(entry.size for entry in removed)
        return Deleted(study=None, trials=0, artifacts=len(removed), bytes=size, left=len(free) - len(removed))

    free = unnamed()
    old = place.old(free)
    return Plan(
        study=None,
        about="",
        trials=0,
        folds=0,
        artifacts=old,
        shared=0,
        young=len(free) - len(old),
        place=place.store.location,
        min_age_s=terms.min_age_s,
        run=run,
    )


def _check_they_are_theirs(named: Named, place: Place) -> None:
    """Refuses a place that holds nothing of this storage: it is another's, or was mistyped.

    Raises:
        HpoError: Says so.
    """
    if not any(name in named for name in place.entries):
        raise HpoError(
            f"No study of this storage names anything at {place.store.location}: nothing tells that what lies there "
            "was its own.",
            "Give --storage and --artifacts as create-study was given them. Where no study is left and the place is "
            "nobody else's, remove it as a whole.",
        )
