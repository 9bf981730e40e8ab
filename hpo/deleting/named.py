"""Which artifacts the studies of a storage name.

Whatever looks like a SHA-256 anywhere in a study or a trial is taken for a name: so nothing is overlooked that another
version, another program or a damaged record names in a form of its own.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Self

from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.study._frozen import FrozenStudy

from hpo.errors import ContractError
from hpo.study.attributes import CONTRACT, note_of
from hpo.study.contract import parse
from hpo.trial.checkpoints import FOLDER as CHECKPOINTS
from hpo.trial.checkpoints import checkpoint_name
from storage.artifacts import ArtifactStore
from storage.artifacts.dashboard import RECORD_PREFIX, link_name
from storage.artifacts.store import blob_name
from storage.retrying_storage import RetryingStorage

_SHA256 = re.compile("[0-9a-f]{64}")
_OF_OURS = re.compile(
    f"([0-9a-f]{{2}})/([0-9a-f]{{2}})/\\1\\2[0-9a-f]{{60}}|dashboard/[0-9a-fA-F-]{{1,64}}|{CHECKPOINTS}[0-9a-f]{{32}}-[0-9]+"
)


StudyIn = tuple[RetryingStorage, FrozenStudy]


def studies_of(storages: Iterable[RetryingStorage]) -> list[StudyIn]:
    """Lists the studies of storages, those of other programs too: with the storage that each lies in."""
    return [(storage, study) for storage in storages for study in storage.get_all_studies()]


def notes_in(storages: Iterable[RetryingStorage]) -> set[str]:
    """Returns the ids of the notes that the studies of storages have left among their artifacts."""
    return {note for _, study in studies_of(storages) if (note := note_of(study.user_attrs)) is not None}


def is_of_ours(blob: str) -> bool:
    """Says whether a blob's name is one that hpo gives to artifacts; a place may hold other things, which stay."""
    return _OF_OURS.fullmatch(blob) is not None


class Named:
    """The blobs that some studies name.

    Attributes:
        blobs: Names of blobs, of hashes and links.
        notes: Ids of the studies' notes.
    """

    def __init__(self) -> None:
        self.blobs: set[str] = set()
        self.notes: set[str] = set()
        self._checkpoints: set[str] = set()
        self._any_checkpoint = False

    def __contains__(self, blob: str) -> bool:
        if blob.startswith(CHECKPOINTS):
            return self._any_checkpoint or blob.rpartition("-")[0] in self._checkpoints
        return blob in self.blobs

    @classmethod
    def by(cls, studies: Iterable[StudyIn], store: ArtifactStore) -> Self:
        """Reads what studies name.

        Args:
            studies: From `studies_of`.
            store: Where the artifacts lie.

        Raises:
            StorageError: Storage or artifacts do not answer.
        """
        named = cls()
        for storage, study in studies:
            with suppress(KeyError):  # deleted meanwhile
                named._add_study(storage, study, store)
        return named

    def _add_study(self, storage: RetryingStorage, study: FrozenStudy, store: ArtifactStore) -> None:
        self._add(study.user_attrs, study.system_attrs, store)
        for trial in storage.get_all_trials(study._study_id, deepcopy=False):
            self._add(trial.user_attrs, trial.system_attrs, store)
        if (note := note_of(study.user_attrs)) is not None:
            self.notes.add(note)
        if CONTRACT not in study.user_attrs:
            return
        try:
            contract = parse(study.user_attrs[CONTRACT], study.study_name)
        except ContractError:
            self._any_checkpoint = True  # nobody can tell which are its
        else:
            self._checkpoints.add(checkpoint_name(contract, 0).rpartition("-")[0])

    def _add(self, user: Mapping[str, Any], system: Mapping[str, Any], store: ArtifactStore) -> None:
        self._add_hashes(json.dumps([user, system], default=str))
        for key in system:
            if key.startswith(RECORD_PREFIX):
                with suppress(KeyError, ArtifactNotFound):
                    link = link_name(key.removeprefix(RECORD_PREFIX))
                    self.blobs.add(link)
                    self._add_hashes(store.blobs.read(link).decode("ascii", errors="replace"))

    def _add_hashes(self, text: str) -> None:
        self.blobs.update(map(blob_name, _SHA256.findall(text)))
