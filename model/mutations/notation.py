"""Differences in the words of the field (HGVS): p.Ser315Thr, p.Trp26Ter, c.35A>G. Positions count from 1.

Where HGVS would need what a difference does not keep (which letters follow behind a frameshift or the ancestor's end)
the name is the shortest that HGVS allows: p.Arg97fs, p.Ter187ext.

Source: HGVS recommendations for the description of sequence variants, https://hgvs-nomenclature.org.
"""

from collections.abc import Sequence
from itertools import groupby

from Bio.Data.IUPACData import protein_letters_1to3_extended

from model.mutations.kinds import BEGIN, DELETION, END, EXTENSION, FRAMESHIFT, INSERTION, STOP, UNKNOWN, Level, kinds

_UNKNOWN_LETTER: dict[Level, str] = {"amino_acid": "X", "nucleotide": "N"}
_PREFIX: dict[Level, str] = {"amino_acid": "p.", "nucleotide": "c."}


def position_name(place: int, ancestor: str, level: Level) -> str:
    """Names a position by the ancestor's letter: Ser315, 35A; one past the end Ter187, *1.

    Args:
        place: From 0 to len(ancestor).
        ancestor: What the genes are compared with.
        level: "amino_acid" or "nucleotide".
    """
    if level == "amino_acid":
        return f"{_residue(ancestor[place]) if place < len(ancestor) else 'Ter'}{place + 1}"
    return f"{place + 1}{ancestor[place]}" if place < len(ancestor) else "*1"


def named(kind: int, place: int, ancestor: str, level: Level) -> str:
    """Names one difference.

    Args:
        kind: Token, see `kinds.kinds`; not padding.
        place: From 0 to len(ancestor).
        ancestor: What the genes are compared with.
        level: "amino_acid" or "nucleotide".

    Returns:
        Its HGVS name. An "end" at the ancestor's own end is no change: p.Ter187=, c.561=.
    """
    return _named_run([(kind, place)], ancestor, level)


def named_all(row: Sequence[tuple[int, int]], ancestor: str, level: Level) -> list[str]:
    """Names the differences of one gene; deletions, and insertions, that lie together are one.

    Args:
        row: (kind, place) in order, as `Differences.row` gives them.
        ancestor: What the genes are compared with.
        level: "amino_acid" or "nucleotide".

    Returns:
        HGVS names in order; p.= or c.= alone for a gene that is its ancestor. The end is named where it is a change of
        its own: not at the ancestor's end, and not after a frameshift or an extension.
    """
    tokens = kinds(level).tokens
    closed = {tokens[kind] for kind in (FRAMESHIFT, EXTENSION) if kind in tokens}
    changes = list(row)
    if changes[-1] == (tokens[END], len(ancestor)) or any(kind in closed for kind, _ in changes):
        changes.pop()
    runs = [
        [change for _, change in run] for _, run in groupby(enumerate(changes), lambda at: _run(at[0], at[1], level))
    ]
    return [_named_run(run, ancestor, level) for run in runs] or [f"{_PREFIX[level]}="]


def _run(number: int, change: tuple[int, int], level: Level) -> tuple[str, int]:
    """Gives what is equal for the differences of one run, and unequal for all others."""
    kind, place = change
    name = kinds(level).names[kind]
    if name == DELETION:
        return DELETION, place - number
    return (INSERTION, place) if name.startswith(INSERTION) else ("", number)


def _named_run(run: list[tuple[int, int]], ancestor: str, level: Level) -> str:
    names = [kinds(level).names[kind] for kind, _ in run]
    first, last = run[0][1], run[-1][1]
    if names[0].startswith(INSERTION):
        letters = [name.removeprefix(INSERTION) or _UNKNOWN_LETTER[level] for name in names]
        change = _insertion(letters, first, ancestor, level)
    elif names[0] == DELETION:
        change = f"{_span(first, last, ancestor, level)}del"
    else:
        letter = _UNKNOWN_LETTER[level] if run[0][0] == UNKNOWN else names[0]
        change = _protein(letter, first, ancestor) if level == "amino_acid" else _dna(letter, first, ancestor)
    return _PREFIX[level] + change


def _insertion(letters: list[str], place: int, ancestor: str, level: Level) -> str:
    if level == "amino_acid":
        if place == 0:  # before the start codon: an extension at the N terminus
            return f"{_residue(ancestor[0])}1ext-{len(letters)}"
        flanks = f"{position_name(place - 1, ancestor, level)}_{position_name(place, ancestor, level)}"
        return f"{flanks}ins{''.join(map(_residue, letters))}"
    # HGVS has no position 0: before 1 comes -1.
    return f"{place or -1}_{place + 1}ins{''.join(letters)}"


def _span(first: int, last: int, ancestor: str, level: Level) -> str:
    if level == "nucleotide":
        ends = [str(first + 1), str(last + 1)]
    else:
        ends = [position_name(first, ancestor, level), position_name(last, ancestor, level)]
    return "_".join(dict.fromkeys(ends))


def _protein(name: str, place: int, ancestor: str) -> str:
    position = position_name(place, ancestor, "amino_acid")
    if name == BEGIN:
        return f"{_residue(ancestor[0])}1?"
    if name in (STOP, END):
        return f"{position}{'Ter' if place < len(ancestor) else '='}"
    return f"{position}{name if name in (FRAMESHIFT, EXTENSION) else _residue(name)}"


def _dna(name: str, place: int, ancestor: str) -> str:
    size = len(ancestor)
    if name == BEGIN:
        return f"{_span(0, place - 1, ancestor, 'nucleotide')}del"
    if name == EXTENSION:
        return f"{size}_*1ins"
    if name in (STOP, END):
        return f"{_span(place, size - 1, ancestor, 'nucleotide')}del" if place < size else f"{size}="
    return f"{place + 1}{ancestor[place]}>{name}"


def _residue(letter: str) -> str:
    return protein_letters_1to3_extended[letter]
