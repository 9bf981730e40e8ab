"""Which column holds what: by the name the user gave, or by the usual names."""

from model.errors import DataError
from model.reading.table import Table

# Names of one line are equally good, and two of them in one file are ambiguous; an earlier line wins over a later
# one (many tables have `gene` beside `sequence`). Case does not matter, and spaces and hyphens are underscores.
_SEQUENCE = (
    ("sequence", "sequences", "seq"),
    ("dna_sequence", "protein_sequence", "nucleotide_sequence", "amino_acid_sequence", "gene_sequence"),
    ("dna", "protein", "nucleotides", "amino_acids"),
    ("gene", "genes"),
)
LABEL_NAMES = (
    ("resistant", "is_resistant", "resistance"),
    ("label", "labels"),
    ("phenotype", "class", "target", "outcome"),
)
# A row may have several names and needs one, so here the order decides and nothing is ambiguous.
_ID = (("id",), ("gene_id",), ("sequence_id",), ("name",), ("accession",), ("isolate",), ("sample",))

_LONGEST_NAME = 40
_MOST_NAMES = 20


def sequence_column(table: Table, wanted: str | None) -> str:
    """Finds the column of the sequences.

    Raises:
        DataError: There is none, or several are equally likely.
    """
    found = _find(table, wanted, _SEQUENCE, "sequence", "--sequence-column")
    if found is None:
        raise _missing(table, "sequence", _SEQUENCE, "Name it with --sequence-column.")
    return found


def label_column(table: Table, wanted: str | None) -> str:
    """Finds the column of the labels.

    Raises:
        DataError: There is none, or several are equally likely.
    """
    found = _find(table, wanted, LABEL_NAMES, "label", "--label-column")
    if found is None:
        raise _missing(table, "label", LABEL_NAMES, table.label_hint)
    return found


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
                f"Column {name!r} is taken for two of sequence, label and id. Columns found: {_list(table)}.",
                "Name another with --sequence-column, --label-column or --id-column.",
            )


def normal(name: str) -> str:
    """Bring a column name into the form in which usual names are compared."""
    return "_".join(name.strip().lower().replace("-", " ").split())


def _find(table: Table, wanted: str | None, usual: tuple[tuple[str, ...], ...], what: str, option: str) -> str | None:
    if wanted is not None:
        return _named(table, wanted, what, option)
    for names in usual:
        found = [name for name in table.names if normal(name) in names]
        if len(found) > 1:
            raise DataError(f"Several columns may hold the {what}: {', '.join(found)}.", f"Choose one with {option}.")
        if found:
            return found[0]
    return None


def _named(table: Table, wanted: str, what: str, option: str) -> str:
    exact = [name for name in table.names if name == wanted]
    found = exact or [name for name in table.names if normal(name) == normal(wanted)]
    if len(found) == 1:
        return found[0]
    problem = f"The {what} column {wanted!r} is not there" if not found else f"{len(found)} columns are {wanted!r}"
    raise DataError(f"{problem}. Columns found: {_list(table)}.", f"Correct {option}.")


def _missing(table: Table, what: str, usual: tuple[tuple[str, ...], ...], step: str) -> DataError:
    known = ", ".join(name for names in usual for name in names)
    return DataError(
        f"No {what} column was found. Columns found: {_list(table)}. Usual names: {known}.",
        step,
    )


def _list(table: Table) -> str:
    """Names the columns; a file without a header may have a whole gene for a name."""
    short = [name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..." for name in table.names]
    more = [f"and {len(short) - _MOST_NAMES} more"] if len(short) > _MOST_NAMES else []
    return ", ".join([repr(name) for name in short[:_MOST_NAMES]] + more) or "none"
