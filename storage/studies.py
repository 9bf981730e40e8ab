"""Studies in a storage: make one, find one, and its attributes.

One study of Optuna is one study of ours. What its attributes mean is the service's business.
"""

import shlex
from dataclasses import dataclass, field
from typing import Any

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from storage.errors import StorageError, StudyExistsError, StudyNotFoundError

#: Of a study's name, in characters: the width of its column in Optuna's tables.
LONGEST_NAME = 512


@dataclass(frozen=True)
class StudyHandle:
    """A study and the storage it lies in."""

    storage: BaseStorage = field(repr=False)
    study_id: int
    name: str

    def attributes(self) -> dict[str, Any]:
        """Returns all user attributes, as JSON values, read from the storage at each call."""
        return self.storage.get_study_user_attrs(self.study_id)

    def directions(self) -> list[StudyDirection]:
        """Returns the direction of each objective."""
        return self.storage.get_study_directions(self.study_id)

    def check_it_is_there(self) -> None:
        """Asks whether the study is still in the storage.

        Raises:
            StudyNotFoundError: It was deleted since it was opened.
        """
        if self.name not in study_names(self.storage):
            raise StudyNotFoundError(
                f"Study '{self.name}' was deleted from this storage while it was in use; its trials are gone with it.",
                "If that was a mistake, restore the storage from a copy.",
            )

    def set(self, key: str, value: Any) -> None:
        """Writes one user attribute; the last writer wins."""
        self.storage.set_study_user_attr(self.study_id, key, value)


def create_study(storage: BaseStorage, name: str, direction: StudyDirection = StudyDirection.MAXIMIZE) -> StudyHandle:
    """Makes a study.

    Raises:
        StorageError: The name is none that every storage can keep.
        StudyExistsError: There is one of that name.
    """
    check_name(name)
    try:
        study_id = storage.create_new_study([direction], name)
    except DuplicatedStudyError as error:
        raise StudyExistsError(
            f"There is a study '{name}' in this storage already.",
            f"Go on with it (hpo worker --study {shlex.quote(name)}), or choose another name.",
        ) from error
    return StudyHandle(storage, study_id, name)


def check_name(name: str) -> None:
    """Refuses names that a storage, a terminal or a command line cannot show as they are.

    Raises:
        StorageError: It is empty, too long, or has characters that are not printed.
    """
    if not name.strip():
        raise StorageError("A study's name is empty.", "Give it one: --study NAME.")
    if len(name) > LONGEST_NAME:
        raise StorageError(
            f"The study's name {name[:40]!r}... has {len(name)} characters; a storage keeps up to {LONGEST_NAME}.",
            "Give a shorter --study.",
        )
    if not name.isprintable():
        raise StorageError(
            f"The study's name {name!r} has characters that cannot be printed.", "Give another --study, of one line."
        )


def study_names(storage: BaseStorage) -> list[str]:
    """Returns the names of all studies, oldest first."""
    return [study.study_name for study in storage.get_all_studies()]


def find_study(storage: BaseStorage, name: str | None = None) -> StudyHandle:
    """Finds a study by its name, or the only one there is.

    Raises:
        StudyNotFoundError: None of that name, none at all, or several and no name given.
    """
    if name is None:
        name = _only_name(study_names(storage))
    try:
        return StudyHandle(storage, storage.get_study_id_from_name(name), name)
    except KeyError as error:
        raise StudyNotFoundError(
            f"There is no study '{name}' in this storage.", _choices(study_names(storage))
        ) from error


def _only_name(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    if not names:
        raise StudyNotFoundError("This storage holds no study.", _choices(names))
    raise StudyNotFoundError(f"This storage holds {len(names)} studies.", _choices(names))


def _choices(names: list[str]) -> str:
    if not names:
        return "Make one with: hpo create-study."
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    return f"Name one with --study; there are: {shown}."
