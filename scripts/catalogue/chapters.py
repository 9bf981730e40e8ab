"""What messages of one part of the program have in common: why one meets them, and what helps."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page, as chapters.toml has it."""

    title: str
    places: tuple[str, ...]
    cause: str
    remedy: str


def chapters() -> list[Chapter]:
    """Returns all chapters, in order."""
    written = tomllib.loads(Path(__file__).with_name("chapters.toml").read_text(encoding="utf-8"))["chapters"]
    return [Chapter(**one | {"places": tuple(one["places"])}) for one in written]


def chapter_of(place: str, among: list[Chapter]) -> Chapter:
    """Returns the chapter of a module.

    Args:
        place: The module's path.
        among: All chapters.

    Raises:
        LookupError: No chapter is for it.
    """
    fitting = [(len(begin), chapter) for chapter in among for begin in chapter.places if place.startswith(begin)]
    if not fitting:
        raise LookupError(f"{place} has a message, and scripts/catalogue/chapters.toml no chapter for it.")
    return max(fitting, key=lambda pair: pair[0])[1]
