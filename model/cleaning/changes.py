"""What cleaning did to the rows of a file, counted: nothing is removed, mapped, cut or dropped in silence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Counts.

    Attributes:
        gaps_removed: Letters, by gap sign.
        gaps_kept: Likewise, where they are letters of their own.
        read_as_unknown: Letters, by odd letter.
        cut: Sequences that were cut at an inner stop.
        dropped: Rows, by reason.
    """

    gaps_removed: Mapping[str, int] = field(default_factory=dict)
    gaps_kept: Mapping[str, int] = field(default_factory=dict)
    read_as_unknown: Mapping[str, int] = field(default_factory=dict)
    cut: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    def also_dropped(self, reason: str, rows: int) -> "Changes":
        """Returns the same with rows that were dropped for another reason; none changes nothing."""
        return replace(self, dropped={**self.dropped, reason: rows}) if rows else self

    def as_dict(self) -> dict[str, Any]:
        """Gives the counts by their names, ready for JSON."""
        return asdict(self)

    def in_words(self) -> str:
        """Writes one sentence of all that was changed; empty where nothing was."""
        removed, kept, unknown, dropped = (
            sum(counts.values()) for counts in (self.gaps_removed, self.gaps_kept, self.read_as_unknown, self.dropped)
        )
        told = [
            removed and f"{_count(removed, 'gap')} ({_list(self.gaps_removed)}) removed",
            kept and f"{_count(kept, 'gap')} ({_list(self.gaps_kept)}) kept as letters",
            unknown and f"{_count(unknown, 'odd letter')} ({_list(self.read_as_unknown)}) read as unknown",
            self.cut and f"{_count(self.cut, 'sequence')} cut at an inner stop",
            dropped and f"{_count(dropped, 'row')} dropped ({_list(self.dropped)})",
        ]
        sentence = "; ".join(part for part in told if part)
        return f"As read from the file: {sentence}." if sentence else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
