"""Where a model comes from, as far as predictions need it: its training genes, and how their file spoke of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.seen import Seen


@dataclass(frozen=True)
class Answers:
    """What the labels of the data were, as they were written: R and S, 1 and 0, resistant and susceptible."""

    resistant: str = "resistant"
    susceptible: str = "susceptible"

    def of(self, resistant: bool) -> str:
        """Returns the word for an answer."""
        return self.resistant if resistant else self.susceptible


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a model's folder says of its data.

    Attributes:
        seen: What the training genes were; None in a model that an earlier version made.
        columns: Columns of the training file: "sequence" and "id", where it had them.
        answers: How its labels were written; None likewise.
    """

    seen: Seen | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    answers: Answers | None = None
