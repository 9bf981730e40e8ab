"""A place of artifacts before some of them are deleted: what lies there, and which studies may name it."""

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hpo.deleting.named import is_of_ours
from hpo.errors import HpoError, UsageError
from hpo.terminal import moment
from storage.artifacts import ArtifactStore
from storage.artifacts.entry import Entry
from storage.artifacts.notes import Note, has_notes_of_all, read_notes, time_in

_AT_ONCE = 16
_SHOWN = 10


@dataclass(frozen=True)
class Place:
    """What lies among the artifacts.

    Attributes:
        store: The artifacts.
        entries: By name, those that hpo has written.
        notes: Of studies of all storages that keep artifacts here.
        before: What was written after this moment of the place's clock stays: somebody may be about to name it.
        knows_all: Whether every study has left a note.
    """

    store: ArtifactStore
    entries: dict[str, Entry]
    notes: tuple[Note, ...]
    before: float
    knows_all: bool

    def old(self, names: Iterable[str]) -> list[Entry]:
        """Returns which of these lie here and were not written lately."""
        return [
            self.entries[name] for name in names if name in self.entries and self.entries[name].modified <= self.before
        ]

    def check_known(self, known: Collection[str], gone: Collection[str], no_earlier_studies: bool) -> None:
        """Refuses to delete where studies may name artifacts that nobody has asked.

        Args:
            known: Ids of the notes of the studies that were asked.
            gone: Ids, or their beginnings, of studies that are said to be gone.
            no_earlier_studies: Whether it is said that no other study is from a version that left no notes.

        Raises:
            HpoError: Names them.
            UsageError: There is no study of such an id.
        """
        others = [note for note in self.notes if note.id not in known]
        for one in gone:
            if not any(note.id.startswith(one) for note in others):
                raise UsageError(f"--gone {one}: no study left such a note at {self.store.location}.", _hint(others))
        others = [note for note in others if not note.id.startswith(tuple(gone))]
        if others:
            raise HpoError(
                f"{self.store.location} also keeps artifacts of {_studies(others)}, which may name the same.",
                "Name the storage that holds them, so that it is asked: --also URL. Where they were deleted in another "
                f"way, and no storage or copy of one has them: {_hint(others)}.",
            )
        if not self.knows_all and not no_earlier_studies:
            raise HpoError(
                f"{self.store.location} was in use before studies left notes there (version 0.3): another storage may "
                "name the same artifacts, and nothing here tells.",
                "If no other storage, nor a copy of this one, has studies there: --no-earlier-studies.",
            )

    def remove(self, entries: Iterable[Entry], on_each: Callable[[], None] = lambda: None) -> list[Entry]:
        """Removes blobs, but for those that were written since they were listed.

        Returns:
            Those that are gone.
        """

        def one(entry: Entry) -> bool:
            try:
                # Once more: who stores the same bytes again writes them again, and is about to name them.
                if self.store.blobs.entry(entry.name).modified > self.before:
                    return False
                self.store.blobs.remove(entry.name)
            except KeyError:
                return False
            finally:
                on_each()
            return True

        listed = list(entries)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [entry for entry, is_gone in zip(listed, pool.map(one, listed), strict=True) if is_gone]


def look(store: ArtifactStore, min_age_s: float) -> Place:
    """Looks at all that lies in a place.

    Args:
        store: The place.
        min_age_s: What was written within so many seconds stays.

    Raises:
        StorageError: It does not answer, or cannot be written.
    """
    now = time_in(store)
    listed = list(store.blobs.entries())
    return Place(
        store=store,
        entries={entry.name: entry for entry in listed if is_of_ours(entry.name)},
        notes=tuple(read_notes(store, listed)),
        before=now - min_age_s,
        knows_all=has_notes_of_all({entry.name for entry in listed}),
    )


def _studies(notes: list[Note]) -> str:
    told = [f"{note.study!r} ({moment(note.made)}, {note.storage})" if note.study else note.short_id for note in notes]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{len(told)} other {'study' if len(told) == 1 else 'studies'}: {', '.join(told[:_SHOWN])}{more}"


def _hint(notes: list[Note]) -> str:
    return " ".join(f"--gone {note.short_id}" for note in notes[:_SHOWN])
