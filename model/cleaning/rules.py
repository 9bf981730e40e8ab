"""What the user wants done with sequences that cannot be read as they are."""

from dataclasses import asdict, dataclass
from typing import Any, get_args

from model.choices import Gaps, InnerStops, Missing, OddLetters
from model.errors import DataError

_ALLOWED = {
    "gaps": get_args(Gaps),
    "odd_letters": get_args(OddLetters),
    "inner_stops": (*get_args(InnerStops), None),
    "missing": get_args(Missing),
}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One policy for each kind of trouble. "error" refuses the file and names all rows of the kind at once.

    Attributes:
        gaps: Of alignment gaps, `-` and `.`; kept, they are letters of whole sequences, where all rows are aligned.
        odd_letters: Of whatever else the alphabet does not have: read as the unknown letter, or the row dropped.
        inner_stops: Of a stop that letters follow: `*` in a protein, a stop codon in frame in DNA. A protein is cut
            before it, DNA behind it. None is "error" for proteins and leaves DNA alone, of which codons and amino acids
            are read up to the first stop anyway.
        missing: Of rows without a sequence or a label.

    Raises:
        DataError: A policy is unknown.
    """

    gaps: Gaps = "error"
    odd_letters: OddLetters = "error"
    inner_stops: InnerStops | None = None
    missing: Missing = "error"

    def __post_init__(self) -> None:
        for name, policy in asdict(self).items():
            if policy not in _ALLOWED[name]:
                allowed = ", ".join(filter(None, _ALLOWED[name]))
                option = "--" + name.replace("_", "-")
                raise DataError(f"The choice {str(policy)[:40]!r} is unknown.", f"Allowed ({option}): {allowed}.")

    def as_dict(self) -> dict[str, Any]:
        """Gives the policies by their names, ready for JSON."""
        return asdict(self)
