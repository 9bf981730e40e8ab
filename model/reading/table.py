"""What every format's reader gives: the names of its columns, and a way to read some of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

#: What a file's rows are called: a spreadsheet shows rows, its header the first of them; other files have records.
Unit = Literal["row", "record"]

#: Gives the named columns, in that order, as lists of equal length. May raise DataError.
ReadColumns = Callable[[Sequence[str]], list[list[object]]]


@dataclass(frozen=True)
class Table:
    """A table whose columns are read on demand.

    Attributes:
        names: Column names, as they stand in the file.
        read: Gives the named columns.
        label_hint: What to do in this format if labels are missing.
        first: Gives the first rows of the named columns, where reading them all takes longer.
        unit: What its rows are called in messages.
        rows: Numbers of the rows, given how many were read, as a spreadsheet shows them.
    """

    names: tuple[str, ...]
    read: ReadColumns
    label_hint: str = "Name the column with --label-column, or a label table with --labels."
    first: ReadColumns | None = None
    unit: Unit = "record"
    rows: Callable[[int], Sequence[int]] | None = None

    def only(self, name: str | None) -> str | None:
        """Returns a name where just one column has it; None elsewhere."""
        return name if name is not None and self.names.count(name) == 1 else None

    def numbers(self, count: int) -> Sequence[int]:
        """Numbers all rows for messages: as a spreadsheet shows them, or records from 1.

        Args:
            count: How many were read.
        """
        return range(1, count + 1) if self.rows is None else self.rows(count)

    def sample(self, wanted: Sequence[str]) -> list[list[object]]:
        """Gives rows of the named columns that show what these hold; the first ones where that is quicker."""
        return (self.first or self.read)(wanted)
