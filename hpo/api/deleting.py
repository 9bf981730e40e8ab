"""Deleting from Python: a study, or artifacts that no study names. Nobody is asked."""

from typing import TypedDict, Unpack

from hpo.api.studies import SQLITE, Study, checked
from hpo.cli.options import StorageOptions
from hpo.deleting import Deleted, Terms, plan_orphans, plan_study
from hpo.deleting.plan import MIN_AGE_S


class DeletionOptions(TypedDict, total=False):
    """Which artifacts go: `hpo delete --help` says more of each."""

    also: list[str]
    gone: list[str]
    no_earlier_studies: bool
    min_age: float  #: seconds


def delete(study: Study, *, keep_artifacts: bool = False, **options: Unpack[DeletionOptions]) -> Deleted:
    """Deletes a study, and the artifacts that no other study names; `hpo delete STUDY --yes`.

    Args:
        study: The study. A copy of it elsewhere loses its artifacts too.
        keep_artifacts: Whether the study alone is deleted.
        options: Those of the command, with underscores.

    Returns:
        What was deleted.

    Raises:
        HpoError: Workers hold trials of it, or a study of another storage may name the same artifacts.
        StorageError: There is no such study, or storage or artifacts do not answer.
    """
    return plan_study(checked(study).address, _terms(options), keep_artifacts=keep_artifacts).run()


def delete_orphans(
    *, storage: str = SQLITE, artifacts: str | None = None, **options: Unpack[DeletionOptions]
) -> Deleted:
    """Deletes the artifacts that no study of a storage names any more; `hpo delete --orphans --yes`.

    Args:
        storage: As `create_study` takes it.
        artifacts: Likewise.
        options: Those of the command, with underscores.

    Returns:
        What was deleted.

    Raises:
        HpoError: The artifacts are not this storage's, or a study of another storage may name them.
        StorageError: Storage or artifacts do not answer.
    """
    address = StorageOptions(storage=storage, artifacts=artifacts).address()
    return plan_orphans(address, _terms(options)).run()


def _terms(options: DeletionOptions) -> Terms:
    return Terms(
        also=options.get("also", ()),
        gone=options.get("gone", ()),
        no_earlier_studies=options.get("no_earlier_studies", False),
        min_age_s=options.get("min_age", MIN_AGE_S),
    )
