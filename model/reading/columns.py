"""Which column holds what: by the name the user gave, or by the usual names and, for sequences, by what is in them."""

from collections import Counter
from collections.abc import Sequence

from model.errors import DataError
from model.reading.kinds import Kind, kind_of
from model.reading.labels import label_kind
from model.reading.table import Table

# Names of one line are equally good, and two of them in one file are ambiguous; an earlier line wins over a later
# one (many tables have `gene` beside `sequence`). Case does not matter, and spaces and hyphens are underscores.
_SEQUENCE = (
    ("sequence", "sequences", "seq"),
    ("dna_sequence", "protein_sequence", "nucleotide_sequence", "amino_acid_sequence", "gene_sequence"),
    ("dna", "protein", "nucleotides", "amino_acids"),
    ("gene", "genes"),
)
# What a column of these names must hold to be taken for sequences. The last two lines name columns of names as often
# (KATG), so short words must be of bases there.
_FITTING: tuple[tuple[Kind, ...], ...] = (
    ("long", "bases", "short", "empty"),
    ("long", "bases", "short", "empty"),
    ("long", "bases", "empty"),
    ("long", "bases", "empty"),
)
# Parts of the names of other columns of sequences, such as rpoB_seq.
_SEQUENCE_PARTS = frozenset(["seq", "sequence", "dna", "cds", "orf", "nt", "aa", "protein", "nucleotide"])
LABEL_NAMES = (
    ("resistant", "is_resistant", "resistance"),
    ("label", "labels"),
    ("phenotype", "class", "target", "outcome"),
    ("resistant_phenotype", "resistance_phenotype", "sir"),
)
# A row may have several names and needs one, so here the order decides and nothing is ambiguous.
_ID = (
    *(("id",), ("gene_id",), ("sequence_id",), ("name",), ("accession",), ("isolate",), ("sample",)),
    *(("genome_id",), ("isolate_id",), ("sample_id",), ("strain",), ("row.names",)),
)

_LONGEST_NAME = 40
_MOST_NAMES = 20
_MOST_WORDS = 6


def sequence_column(table: Table, wanted: str | None, taken: Sequence[str | None] = ()) -> str:
    """Finds the column of the sequences by its name and by what it holds, for many tables name genes in `gene`.

    A column of a usual name is taken if its values may be sequences; else the one that holds long sequences.

    Args:
        table: Where the columns stand.
        wanted: As the user says.
        taken: Columns that the user has named for something else.

    Raises:
        DataError: There is none, or several are equally likely.
    """
    if wanted is not None:
        return find_named(table, wanted, "sequence", "--sequence-column")
    _refuse_headless(table)
    for usual, kinds in zip(_SEQUENCE, _FITTING, strict=True):
        fitting = [name for name, kind in _kinds(table, _usual(table, usual)) if kind in kinds]
        if fitting:
            return _only(fitting, "sequence", "--sequence-column")
    free = [name for name in table.names if name not in taken]
    long = [name for name, kind in _kinds(table, free) if kind == "long"]
    named = [name for name in long if _SEQUENCE_PARTS.intersection(normal(name).split("_"))]
    if long:
        return _only(named if len(named) == 1 else long, "sequence", "--sequence-column")
    # Nothing else holds sequences: what is wrong with these is for the reader of letters to say.
    for usual in _SEQUENCE[:2]:
        if found := _usual(table, usual):
            return _only(found, "sequence", "--sequence-column")
    raise _missing(table, "sequence", _SEQUENCE, "Name it with --sequence-column.")


def is_header(value: str, column: str) -> bool:
    """Says whether a value is no sequence but the header, which stands again where tables were put together.

    Args:
        value: Of the column of sequences.
        column: Its name.
    """
    if len(value) > max(_LONGEST_NAME, len(column)):
        return False
    return normal(value) == normal(column) or is_sequence_name(value)


def is_sequence_name(name: str) -> bool:
    """Says whether a column of this name is taken for sequences."""
    return any(normal(name) in names for names in _SEQUENCE)


def is_usual(name: str) -> bool:
    """Says whether a column of this name is read."""
    return any(normal(name) in names for names in (*_SEQUENCE, *LABEL_NAMES, *_ID))


def label_column(table: Table, wanted: str | None, taken: Sequence[str | None] = ()) -> str:
    """Finds the column of the labels: by a usual name, else the one that holds R, S, resistant and the like alone.

    Args:
        table: Where the columns stand.
        wanted: As the user says.
        taken: Columns that were found for something else.

    Raises:
        DataError: There is none, or several are equally likely; tells what those hold that could be.
    """
    if wanted is not None:
        return find_named(table, wanted, "label", "--label-column")
    for names in LABEL_NAMES:
        if found := _usual(table, names):
            return _only_label(table, found)
    rest = [name for name in table.names if name not in taken and table.names.count(name) == 1]
    held = dict(zip(rest, map(label_kind, table.sample(rest)), strict=True)) if rest else {}
    certain = [name for name, kind in held.items() if kind == "phenotype"]
    if certain:
        return _only_label(table, certain)
    error = _missing(table, "label", LABEL_NAMES, table.label_hint)
    possible = [name for name, kind in held.items() if kind == "possible"]
    if not possible:
        raise error
    raise DataError(f"{error.message} Columns that could be it: {_with_counts(table, possible)}.", table.label_hint)


def id_column(table: Table, wanted: str | None) -> str | None:
    """Finds the column of the ids, or None where the table has none.

    Raises:
        DataError: The wanted column is not there.
    """
    return _find(table, wanted, _ID, "id", "--id-column")


def check_apart(table: Table, chosen: list[str]) -> None:
    """Refuses one column for two purposes.

    Args:
        table: Where the columns stand.
        chosen: Columns, each for a purpose of its own.

    Raises:
        DataError: A column is there twice.
    """
    for name in chosen:
        if chosen.count(name) > 1:
            raise DataError(
                f"Column {name!r} is taken for two of sequence, label and id. Columns found: {listed(table)}.",
                "Name another with --sequence-column, --label-column or --id-column.",
            )


def normal(name: str) -> str:
    """Bring a column name into the form in which usual names are compared."""
    return "_".join(name.strip().lower().replace("-", " ").split())


def _find(table: Table, wanted: str | None, usual: tuple[tuple[str, ...], ...], what: str, option: str) -> str | None:
    if wanted is not None:
        return find_named(table, wanted, what, option)
    for names in usual:
        if found := _usual(table, names):
            return _only(found, what, option)
    return None


def _only(found: Sequence[str], what: str, option: str) -> str:
    if len(found) > 1:
        raise DataError(f"Several columns may hold the {what}: {', '.join(found)}.", f"Choose one with {option}.")
    return found[0]


def _refuse_headless(table: Table) -> None:
    """Refuses a table whose first line holds a sequence in place of a name.

    Raises:
        DataError: Says so.
    """
    if any(kind_of([name]) == "long" for name in table.names):
        raise DataError(
            f"The first line names no columns: it is a row itself ({listed(table)}).",
            "Write a line with the columns' names above it, such as id,sequence,resistant.",
        )


def _only_label(table: Table, found: Sequence[str]) -> str:
    if len(found) > 1:
        raise DataError(
            f"Several columns may hold the label: {_with_counts(table, found)}.", "Choose one with --label-column."
        )
    return found[0]


def _with_counts(table: Table, names: Sequence[str]) -> str:
    """Names columns and what they hold."""
    told = []
    for name, values in zip(names[:_MOST_NAMES], table.read(names[:_MOST_NAMES]), strict=True):
        counts = Counter("" if value is None else str(value).strip() for value in values)
        held = ", ".join(f"{word[:_LONGEST_NAME]} {rows:,}" for word, rows in counts.most_common(_MOST_WORDS))
        told.append(f"{name[:_LONGEST_NAME]!r} ({held}{', ...' if len(counts) > _MOST_WORDS else ''})")
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return ", ".join(told + more)


def _usual(table: Table, usual: Sequence[str]) -> list[str]:
    return [name for name in table.names if normal(name) in usual]


def _kinds(table: Table, names: Sequence[str]) -> list[tuple[str, Kind]]:
    """Looks into columns; of two that have one name neither can be read."""
    single = [name for name in names if table.names.count(name) == 1]
    found = dict(zip(single, map(kind_of, table.sample(single)), strict=True)) if single else {}
    return [(name, found.get(name, "empty")) for name in names]


def find_named(table: Table, wanted: str, what: str, option: str) -> str:
    """Finds a column that the user names, as it is written or, where none is, as usual names are compared.

    Args:
        table: Where the columns stand.
        wanted: As the user says.
        what: It is for, in one word.
        option: That names it.

    Raises:
        DataError: There is none, or several have the name.
    """
    exact = [name for name in table.names if name == wanted]
    found = exact or [name for name in table.names if normal(name) == normal(wanted)]
    if len(found) == 1:
        return found[0]
    problem = f"The {what} column {wanted!r} is not there" if not found else f"{len(found)} columns are {wanted!r}"
    raise DataError(f"{problem}. Columns found: {listed(table)}.", f"Correct {option}.")


def _missing(table: Table, what: str, usual: tuple[tuple[str, ...], ...], step: str) -> DataError:
    known = ", ".join(name for names in usual for name in names)
    there = ", ".join(repr(name) for names in usual for name in _usual(table, names))
    nothing = f", and {there} holds no {what}s" if there else ""
    message = f"No {what} column was found{nothing}. Columns found: {listed(table)}. Usual names: {known}."
    return DataError(message, step)


def listed(table: Table) -> str:
    """Names the columns; a file without a header may have a whole gene for a name."""
    short = [name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..." for name in table.names]
    more = [f"and {len(short) - _MOST_NAMES} more"] if len(short) > _MOST_NAMES else []
    return ", ".join([repr(name) for name in short[:_MOST_NAMES]] + more) or "none"
