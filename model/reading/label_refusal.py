"""What is said of labels that could not be read: all of them at once, with their rows and the next step."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.cleaning import is_missing
from model.errors import DataError
from model.reading.measured import is_measured

INTERMEDIATE = ("i", "intermediate")
_MOST_WORDS = 30
_LONGEST_WORD = 60

_KNOWN = (
    "Known are booleans, 1/0, R/S, RES/SUS, resistant/susceptible, sensitive, nonsusceptible, pos/neg, yes/no and +/-."
)


@dataclass(frozen=True)
class Unread:
    """A label that could not be read.

    Attributes:
        word: As it stands in the file.
        rows: How many rows have it.
        first_row: The number of the first of them.
    """

    word: str
    rows: int
    first_row: int


def refusal(unread: Sequence[Unread], cutoff: float | None, unit: str) -> DataError:
    """Gives the error that tells of these labels.

    Args:
        unread: Different labels, at least one.
        cutoff: As the user named it, if so.
        unit: What the file's rows are called, in one word.
    """
    kinds: dict[str, list[Unread]] = {}
    for item in sorted(unread, key=lambda item: (-item.rows, item.first_row)):
        kinds.setdefault(_kind(item.word.lower(), cutoff), []).append(item)
    told = [_TELL[kind](items, unit) for kind, items in kinds.items()]
    return DataError(" ".join(message for message, _ in told), " ".join(step for _, step in told))


def _kind(word: str, cutoff: float | None) -> str:
    if is_missing(word):
        return "missing"
    if word in INTERMEDIATE:
        return "intermediate"
    return "measured" if cutoff is None and is_measured(word) else "unknown"


def _missing(items: list[Unread], unit: str) -> tuple[str, str]:
    rows = sum(item.rows for item in items)
    first = min(item.first_row for item in items)
    message = f"{unit.capitalize()} {first}: the label is missing" + (f", and in {rows - 1} more." if rows > 1 else ".")
    return message, "Fill in such labels, or leave out their rows with --missing drop."


def _intermediate(items: list[Unread], unit: str) -> tuple[str, str]:
    choices = "--intermediate resistant, --intermediate susceptible or --intermediate drop"
    return f"Intermediate results: {_list(items, unit)}.", f"Choose with {choices}."


def _measured(items: list[Unread], unit: str) -> tuple[str, str]:
    return (
        f"Labels that are numbers: {_list(items, unit)}.",
        "If these are measured values, say from which one on a gene is resistant: --resistant-from NUMBER. "
        f"If they are codes, say what each means: {_option(items)}.",
    )


def _unknown(items: list[Unread], unit: str) -> tuple[str, str]:
    return (
        f"Labels that are not known: {_list(items, unit)}. {_KNOWN}",
        f"Say what they mean: {_option(items)}. Or choose another column with --label-column.",
    )


_TELL = {
    "missing": _missing,
    "intermediate": _intermediate,
    "measured": _measured,
    "unknown": _unknown,
}


def _list(items: list[Unread], unit: str) -> str:
    shown = [
        f"{_short(item.word)!r} in {unit} {item.first_row}"
        if item.rows == 1
        else f"{_short(item.word)!r} in {item.rows} {unit}s (first in {unit} {item.first_row})"
        for item in items[:_MOST_WORDS]
    ]
    rest = items[_MOST_WORDS:]
    more = [f"and {len(rest)} other labels in {sum(item.rows for item in rest)} {unit}s"] if rest else []
    return ", ".join(shown + more)


def _option(items: list[Unread]) -> str:
    """Writes the option that would settle these labels, but for the choice."""
    words = ",".join(f"{_short(repr(item.word)[1:-1])}=MEANING" for item in items[:_MOST_WORDS])
    return f'--label-words "{words}", each MEANING being resistant, susceptible or drop'


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[:_LONGEST_WORD] + "..."
