"""What a column of text holds, told from some of its values: sequences, or names and words."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from model.cleaning import is_missing

#: Long sequences, short words of bases alone, words that could be short proteins, something else, or no values at all.
Kind = Literal["long", "bases", "short", "other", "empty"]

#: Values that are looked at.
_LOOKED_AT = 50
#: Letters from which on a word is no name or abbreviation any more.
_LONG = 20
#: Share of values that must look alike.
_MOST = 0.9
#: Share of the signs of a sequence that are letters; the rest are gaps and stops.
_LETTERS = 0.5
_BASES = frozenset("ACGTUN")
#: Letters of few residues and of many words.
_OF_WORDS = frozenset("BJOUZ")
_MOST_OF_WORDS = 0.05
_SIGNS = str.maketrans("", "", "-.*~#?")
#: Sequences are printed in blocks of ten letters or more; words are shorter.
_BLOCK = 10


def kind_of(values: Sequence[object]) -> Kind:
    """Tells what a column holds.

    Args:
        values: Some of its values, or all.
    """
    there = [value for value in values if not is_missing(value)][:_LOOKED_AT]
    if not there:
        return "empty"
    words = [kind for kind in map(_kind_of_value, there) if kind is not None]
    if len(words) < _MOST * len(there):
        return "other"
    if median(letters for letters, _ in words) >= _LONG:
        return "long"
    return "bases" if all(bases for _, bases in words) else "short"


def _kind_of_value(value: object) -> tuple[int, bool] | None:
    """Gives the letters of what may be a sequence, and whether they are bases; None of anything else."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return None
    blocks = text.translate(_SIGNS).split()
    letters = "".join(blocks)
    if not letters.isascii() or not letters.isalpha() or len(letters) < _LETTERS * len("".join(text.split())):
        return None
    upper = letters.upper()
    bases = sum(letter in _BASES for letter in upper) >= _MOST * len(upper)
    if not bases and not _may_be_residues(letters, upper, blocks):
        return None
    return len(letters), bases


def _may_be_residues(letters: str, upper: str, blocks: Sequence[str]) -> bool:
    # Names mix cases (rpoB), and text has short words and letters that proteins lack.
    if letters not in (upper, letters.lower()) or any(len(block) < _BLOCK for block in blocks[:-1]):
        return False
    return sum(letter in _OF_WORDS for letter in upper) <= _MOST_OF_WORDS * len(upper)
