"""Plots and files that optuna-dashboard shows with a study.

The dashboard knows an artifact by an id of its own making and a record in the study's attributes. Here the
bytes lie in the content-addressed store like all others, and a small file under the id holds their hash.
Optuna's own upload writes the record first; here the bytes come first, so that no record leads nowhere.
"""

import json
import re
import uuid
from io import BytesIO
from typing import BinaryIO

from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import BaseStorage

from storage.artifacts.store import ArtifactStore
from storage.errors import ArtifactMissingError

RECORD_PREFIX = "artifacts:"
_ID = re.compile(r"[0-9a-fA-F-]{1,64}")


class DashboardArtifacts:
    """Our store as one of Optuna's (its protocol: optuna 5.0.0, artifacts/_protocol.py).

    Args:
        store: Where the bytes lie.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Opens the bytes of that id.

        Raises:
            ArtifactNotFound: There are none.
            ArtifactCorruptError: They are damaged.
        """
        try:
            sha256 = self._store.blobs.read(link_name(artifact_id)).decode("ascii")
            return BytesIO(self._store.get(sha256))
        except (KeyError, UnicodeDecodeError, ArtifactMissingError) as error:
            raise ArtifactNotFound(artifact_id) from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Stores what the body holds under that id."""
        sha256 = self._store.put(content_body.read())
        self._store.blobs.write(link_name(artifact_id), sha256.encode("ascii"))

    def remove(self, artifact_id: str) -> None:
        """Forgets the id. The bytes stay: others may have the same.

        Raises:
            ArtifactNotFound: There is no such id.
        """
        try:
            self._store.blobs.remove(link_name(artifact_id))
        except KeyError as error:
            raise ArtifactNotFound(artifact_id) from error


def attach(storage: BaseStorage, study_id: int, store: ArtifactStore, name: str, mimetype: str, data: bytes) -> str:
    """Shows bytes with a study in optuna-dashboard, in place of an earlier artifact of the same name.

    Args:
        storage: Where the study lies.
        study_id: Its id there.
        store: The study's artifacts.
        name: The file name that is shown.
        mimetype: Such as image/png.
        data: The bytes.

    Returns:
        The artifact's id in Optuna.
    """
    ids = {shown: known for known, shown in attached(storage, study_id).items()}
    # In place: Optuna cannot remove a record, and its own reader fails on one that was emptied.
    artifact_id = ids.get(name, str(uuid.uuid4()))
    DashboardArtifacts(store).write(artifact_id, BytesIO(data))
    record = {"artifact_id": artifact_id, "filename": name, "mimetype": mimetype, "encoding": None}
    storage.set_study_system_attr(study_id, RECORD_PREFIX + artifact_id, json.dumps(record))
    return artifact_id


def attached(storage: BaseStorage, study_id: int) -> dict[str, str]:
    """Returns the study's artifacts: file name by id."""
    records = [
        json.loads(value)
        for key, value in storage.get_study_system_attrs(study_id).items()
        if key.startswith(RECORD_PREFIX)
    ]
    return {record["artifact_id"]: record["filename"] for record in records if record is not None}


def link_name(artifact_id: str) -> str:
    """Returns the name of the blob that holds the hash of an artifact's bytes.

    Raises:
        ArtifactNotFound: It is no id.
    """
    if _ID.fullmatch(artifact_id) is None:
        raise ArtifactNotFound(artifact_id)
    return f"dashboard/{artifact_id}"
