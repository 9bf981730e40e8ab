"""Ids in a table that people open in a spreadsheet, which runs what begins like a formula."""

from collections.abc import Iterable

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


def as_text(cell: str) -> str:
    """Returns the cell, after an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{cell}" if begins_a_formula(cell) else cell


def begins_a_formula(cell: str) -> bool:
    """Says whether a spreadsheet would take the cell for a formula."""
    return cell.startswith(_BEGINNINGS)


def told(ids: Iterable[str]) -> str:
    """Returns a sentence on the ids that `as_text` changes; nothing where there are none."""
    count = sum(map(begins_a_formula, ids))
    return f"{count} ids begin as formulas do (= + - @): an apostrophe stands before them." if count else ""
