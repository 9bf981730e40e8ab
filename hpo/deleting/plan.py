"""What is to be deleted and on which terms: told first, then done."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hpo.terminal import duration
from storage.artifacts.entry import Entry

#: By then, whoever stores an artifact has named it, or given up: both are tried for three minutes.
MIN_AGE_S = 900.0


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How carefully artifacts are deleted."""

    #: URLs of other storages that keep artifacts in the same place: what their studies name stays.
    also: Sequence[str] = ()
    #: Ids of the notes of studies that no storage has any more.
    gone: Sequence[str] = ()
    #: Whether no other storage has studies there that are from a version that left no notes.
    no_earlier_studies: bool = False
    #: Artifacts that were stored within so many seconds stay.
    min_age_s: float = MIN_AGE_S


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What was deleted."""

    #: None where only artifacts were.
    study: str | None
    trials: int
    artifacts: int
    bytes: int
    #: Artifacts that nobody names and that were stored too lately.
    left: int

    def as_dict(self) -> dict[str, Any]:
        """As `hpo delete --json` prints it."""
        return asdict(self)

    def in_words(self) -> str:
        """For people."""
        study = "" if self.study is None else f"study {self.study!r} with {counted(self.trials, 'trial')}, and "
        left = "" if not self.left else f" {counted(self.left, 'artifact')} stored lately stay: hpo delete --orphans"
        return f"Deleted: {study}{counted(self.artifacts, 'artifact')}, {megabytes(self.bytes)}.{left}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would be deleted. Nothing is, before `run` is called; it looks again who names what."""

    #: None where only artifacts would be.
    study: str | None
    #: The study as it stands, for people.
    about: str
    trials: int
    folds: int
    #: Artifacts that would go.
    artifacts: Sequence[Entry]
    #: Artifacts of it that stay, since others name them.
    shared: int
    #: Artifacts of it that stay, since they were stored too lately.
    young: int
    #: Where artifacts lie.
    place: str
    #: Seconds that make an artifact old enough.
    min_age_s: float
    run: Callable[[], Deleted]

    @property
    def bytes(self) -> int:
        """Of the artifacts that would go."""
        return sum(entry.size for entry in self.artifacts)

    def as_dict(self) -> dict[str, Any]:
        """As `hpo delete --dry-run --json` prints it."""
        names = ("study", "trials", "folds", "shared", "young", "place", "bytes")
        return {name: getattr(self, name) for name in names} | {"artifacts": len(self.artifacts)}

    def in_words(self) -> str:
        """For people."""
        what = f"{counted(len(self.artifacts), 'artifact')}, {megabytes(self.bytes)}, at {self.place}"
        lines = [f"{what}, that no study names" if self.study is None else f"{self.about}\n  and {what}"]
        if self.shared:
            lines.append(f"  {counted(self.shared, 'artifact')} that other studies name stay")
        if self.young:
            lines.append(
                f"  {counted(self.young, 'artifact')} stored within {duration(self.min_age_s)} stay (--min-age): "
                "somebody may be about to name them"
            )
        return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    """Writes a number and what it counts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def megabytes(size: int) -> str:
    """Writes bytes in MB, the smallest as less than one tenth."""
    return "under 0.1 MB" if 0 < size < 50_000 else f"{size / 1e6:,.1f} MB"
