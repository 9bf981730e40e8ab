"""What a contract says of the data: where the rows came from, how they were read, and what they are."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hpo.choices import MOST
from model.alphabet import Alphabet
from model.choices import Gaps, InnerStops, Missing, OddLetters
from model.cleaning import Changes, Rules
from model.encoding import MutationEncoding
from model.genes import LabelWord, Provenance
from model.mutations import LONGEST_ANCESTOR

#: More letters than there are.
_MOST_LETTERS = 2**63 - 1

_MOST_NAMES = 100
_LONGEST_NAME = 200

#: A name or a value, as a file has it.
Name = Annotated[str, Field(max_length=_LONGEST_NAME)]
#: A sequence of amino acids or nucleotides.
Ancestor = Annotated[str, Field(pattern=r"^[A-Z]+$", min_length=1, max_length=LONGEST_ANCESTOR)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=_MOST_LETTERS)]


class Frozen(BaseModel):
    """Immutable; unknown fields and values of another type are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rows(Frozen):
    """One part of the data, as a sealed artifact."""

    artifact: Digest
    fingerprint: Digest
    rows: int = Field(gt=0, le=MOST)
    resistant: int = Field(ge=0, le=MOST)

    @model_validator(mode="after")
    def _resistant_are_rows(self) -> "Rows":
        if self.resistant > self.rows:
            raise ValueError(f"{self.resistant} rows of {self.rows} are resistant")
        return self


class Cleaning(Frozen):
    """The rules by which sequences were cleaned, which new genes are read by too, and what they did."""

    gaps: Gaps
    odd_letters: OddLetters
    inner_stops: InnerStops | None
    missing: Missing
    gaps_removed: dict[str, Count]
    gaps_kept: dict[str, Count] = Field(default_factory=dict)
    read_as_unknown: dict[str, Count]
    cut: Count
    dropped: dict[str, Count]

    @property
    def rules(self) -> Rules:
        """What was to be done."""
        return Rules(gaps=self.gaps, odd_letters=self.odd_letters, inner_stops=self.inner_stops, missing=self.missing)

    @property
    def changes(self) -> Changes:
        """What was done."""
        return Changes(
            gaps_removed=self.gaps_removed,
            gaps_kept=self.gaps_kept,
            read_as_unknown=self.read_as_unknown,
            cut=self.cut,
            dropped=self.dropped,
        )


class Columns(Frozen):
    """What was read from which column of the file or the label table, and which columns were not read."""

    sequence: Name | None
    label: Name | None
    id: Name | None
    #: The first of them.
    ignored: Annotated[list[Name], Field(max_length=_MOST_NAMES)]
    #: How many more.
    also_ignored: Count
    where: dict[Name, Name]

    @classmethod
    def of(cls, read: Provenance) -> "Columns":
        """Returns the same, of names that are cut to a length that nobody reads."""
        chosen = {what: name and name[:_LONGEST_NAME] for what, name in read.columns.items()}
        return cls(
            sequence=chosen.get("sequence"),
            label=chosen.get("label"),
            id=chosen.get("id"),
            ignored=[name[:_LONGEST_NAME] for name in read.ignored[:_MOST_NAMES]],
            also_ignored=read.also_ignored + len(read.ignored[_MOST_NAMES:]),
            where={name[:_LONGEST_NAME]: value[:_LONGEST_NAME] for name, value in read.where.items()},
        )


class Labels(Frozen):
    """How the labels of the data were written, the commonest word of each kind: R and S, 1 and 0."""

    resistant: Name
    susceptible: Name

    @classmethod
    def of(cls, words: Sequence[LabelWord]) -> "Labels | None":
        """Returns the same of labels as they were read, the most frequent first; None where nothing is known of one."""
        first = {word.meaning: word.word[:_LONGEST_NAME] for word in reversed(words)}
        if "resistant" not in first or "susceptible" not in first:
            return None
        return cls(resistant=first["resistant"], susceptible=first["susceptible"])


class Data(Frozen):
    """Where the rows came from, and what they are."""

    source: str
    fingerprint: Digest
    alphabet: Alphabet
    ambiguous_letters: Count
    #: None where an earlier version made the study.
    columns: Columns | None = None
    #: None likewise, and where genes were not read from a file.
    labels: Labels | None = None
    cleaning: Cleaning
    #: Of DNA: False where translation leaves next to nothing, so that nucleotides alone are searched by default.
    codes: bool = True
    #: What mutations are told from, by their encoding; found on the development rows, none where genes have none.
    ancestors: dict[MutationEncoding, Ancestor]
    development: Rows
    test: Rows

    @property
    def provenance(self) -> Provenance:
        """How the rows were read."""
        rules, changes = self.cleaning.rules, self.cleaning.changes
        if self.columns is None:
            return Provenance(rules=rules, changes=changes)
        return Provenance(
            columns=self.columns.model_dump(include={"sequence", "label", "id"}),
            ignored=self.columns.ignored,
            also_ignored=self.columns.also_ignored,
            where=self.columns.where,
            rules=rules,
            changes=changes,
        )
