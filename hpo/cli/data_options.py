"""How data are read: columns, rows, and what is done with what cannot be read as it is."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from hpo.cli.command import option
from hpo.cli.sizes import parse_size
from model.alphabet import AlphabetOrAuto
from model.choices import Gaps, InnerStops, Intermediate, Missing, OddLetters

if TYPE_CHECKING:
    from model.cleaning import Rules


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How to read the data."""

    alphabet: Annotated[AlphabetOrAuto, option("--alphabet", help="What the letters are.")] = "auto"
    sequence_column: Annotated[
        str | None, option("--sequence-column", help="Column of the sequences.", metavar="COLUMN")
    ] = None
    label_column: Annotated[str | None, option("--label-column", help="Column of the labels.", metavar="COLUMN")] = None
    id_column: Annotated[str | None, option("--id-column", help="Column of the names.", metavar="COLUMN")] = None
    labels: Annotated[
        Path | None, option("--labels", help="Table of id and label, for a FASTA without labels.", metavar="FILE")
    ] = None
    conditions: Annotated[
        list[str] | None,
        option(
            "--where",
            help="Read only rows with this value, of DATA or of the label table (antibiotic=ampicillin); several: all "
            "must hold.",
            metavar="COLUMN=VALUE",
        ),
    ] = None
    intermediate: Annotated[
        Intermediate | None, option("--intermediate", help="What to do with intermediate results.")
    ] = None
    genetic_code: Annotated[
        int, option("--genetic-code", help="NCBI number of the translation table.", min=1, max=33)
    ] = 1
    gaps: Annotated[
        Gaps | None,
        option(
            "--gaps",
            help="Alignment gaps, - and .: remove them, keep them as a letter where all rows are aligned, or (default) "
            "refuse.",
        ),
    ] = None
    odd_letters: Annotated[
        OddLetters | None,
        option(
            "--odd-letters",
            help="Letters that no sequence has: read as unknown, drop the row, or (default) refuse the file.",
        ),
    ] = None
    inner_stops: Annotated[
        InnerStops | None,
        option(
            "--inner-stops",
            help="A stop that letters follow: cut the sequence there, drop the row, or refuse the file. By default "
            "proteins are refused, and DNA is read as it is.",
        ),
    ] = None
    missing: Annotated[
        Missing | None,
        option("--missing", help="Rows without sequence or label: drop them, or (default) refuse the file."),
    ] = None

    longest: Annotated[
        int | None,
        option(
            "--longest",
            help="Letters that a sequence may have; by default ten times the median, and 5,000 in any case.",
            min=1,
            metavar="LETTERS",
        ),
    ] = None

    memory: Annotated[
        int | None,
        option(
            "--memory",
            help="Memory that reading the data may take (16GiB, 500MB), four bytes for each that a file has or unpacks "
            "to. By default 8GiB, or four times the file where that is more.",
            parser=parse_size,
            metavar="SIZE",
        ),
    ] = None

    def where(self) -> dict[str, str]:
        """Returns the values that other columns must have, by the names of these.

        Raises:
            UsageError: A condition is not of its form, or a column has two.
        """
        from hpo.errors import UsageError

        found: dict[str, str] = {}
        for condition in self.conditions or ():
            name, sign, value = (part.strip() for part in condition.partition("="))
            if not name or not sign:
                raise UsageError(
                    f"--where {condition!r} is not of the form COLUMN=VALUE.",
                    "For example: --where antibiotic=ampicillin",
                )
            if name in found:
                raise UsageError(f"--where names column {name!r} twice.", "Keep one of them.")
            found[name] = value
        return found

    def rules(self, base: "Rules | None" = None) -> "Rules":
        """Returns what is done with sequences that cannot be read as they are.

        Args:
            base: What holds where the user says nothing: a model's rules; by default everything is refused.
        """
        from model.cleaning import Rules

        asked: dict[str, Any] = {
            "gaps": self.gaps,
            "odd_letters": self.odd_letters,
            "inner_stops": self.inner_stops,
            "missing": self.missing,
        }
        return replace(base or Rules(), **{name: policy for name, policy in asked.items() if policy is not None})
