"""Notes in a place of artifacts: which studies name what lies there, for whoever is about to delete some of it.

Several storages may keep artifacts in one place, and none knows of the other. So each study leaves a note when it is
made, and a place that was empty then says that all of its studies have left theirs. What a note says comes from whoever
writes to the place: it is told, and never acted upon.
"""

import json
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from storage.artifacts.entry import Entry
from storage.artifacts.store import ArtifactStore

FOLDER = "named-by/"
_ALL = f"{FOLDER}all"
_CLOCK = f"{FOLDER}clock"
_SHORT = 12

Text = Annotated[str, Field(max_length=1000)]


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a study says of itself; empty where that cannot be read."""

    id: str
    study: Text = ""
    #: Its storage, without secrets.
    storage: Text = ""
    #: ISO 8601, UTC.
    made: Text = ""

    @property
    def short_id(self) -> str:
        """Enough of the id to tell it from others."""
        return self.id[:_SHORT]


_NOTE = TypeAdapter(Note)


def keep_notes_from_the_start(store: ArtifactStore) -> None:
    """Writes down that every study of this place leaves a note, if nothing lies there yet."""
    if next(iter(store.blobs.entries()), None) is None:
        store.blobs.write(_ALL, b"{}")


def has_notes_of_all(there: Container[str]) -> bool:
    """Says whether a place kept notes from the start.

    Args:
        there: The names of all that lies in it.
    """
    return _ALL in there


def leave_note(store: ArtifactStore, note: Note) -> None:
    """Writes a study's note."""
    store.blobs.write(f"{FOLDER}{note.id}", json.dumps(asdict(note)).encode())


def remove_note(store: ArtifactStore, note_id: str) -> None:
    """Removes a study's note, if there is one."""
    with suppress(KeyError):
        store.blobs.remove(f"{FOLDER}{note_id}")


def read_notes(store: ArtifactStore, listed: Iterable[Entry]) -> list[Note]:
    """Reads the notes of all studies.

    Args:
        store: The place.
        listed: All that lies in it.
    """
    ids = [entry.name.removeprefix(FOLDER) for entry in listed if entry.name.startswith(FOLDER)]
    return [_read(store, one) for one in ids if f"{FOLDER}{one}" not in (_ALL, _CLOCK)]


def time_in(store: ArtifactStore) -> float:
    """Returns the time by the clock of the place, which may be another machine's: seconds since 1970."""
    store.blobs.write(_CLOCK, b"{}")
    return store.blobs.entry(_CLOCK).modified


def _read(store: ArtifactStore, note_id: str) -> Note:
    try:
        told = _NOTE.validate_json(store.blobs.read(f"{FOLDER}{note_id}"))
    except (KeyError, ValidationError):
        return Note(id=note_id)
    return Note(id=note_id, study=told.study, storage=told.storage, made=told.made)
