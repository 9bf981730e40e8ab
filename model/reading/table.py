"""What every format's reader gives: the names of its columns, and a way to read some of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table whose columns are read on demand.

    Attributes:
        names: Column names, as they stand in the file.
        read: Gives the named columns, in that order, as lists of equal length. May raise DataError.
        label_hint: What to do in this format if labels are missing.
    """

    names: tuple[str, ...]
    read: Callable[[Sequence[str]], list[list[object]]]
    label_hint: str = "Name the column with --label-column, or a label table with --labels."
