"""One report of everything in the sequences of a file that cannot be read."""

from collections.abc import Sequence

from model.alphabet import ALPHABET_NAMES, Alphabet
from model.cleaning.defects import Finding
from model.errors import DataError

#: Rows and letters that are named; the rest is counted.
_SHOWN = 10


class Refusal:
    """Gathers problems, and refuses the file where there is any.

    Args:
        unit: What the file's rows are called, in one word.
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self._problems: list[str] = []
        self._steps: list[str] = []

    def add(self, problem: str, step: str) -> None:
        """Adds a problem and what the user can do about it."""
        self._problems.append(problem)
        self._steps.append(step)

    def add_finding(self, finding: Finding) -> None:
        """Adds a defect that no row may have; none where none has it."""
        if not finding.rows:
            return
        letters = ", ".join(f"{what!r} {_times(count)}" for what, count in finding.letters.most_common(_SHOWN))
        more = len(finding.letters) - _SHOWN
        others = f" and {more} other(s)" if more > 0 else ""
        first, *rest = finding.rows
        where = f"{self.unit} {first} (at position {finding.position})"
        where += f", then {self.numbered(rest)}" if rest else ""
        self.add(f"{finding.defect.name} {letters}{others}, in {where}{finding.defect.allowed}", finding.defect.steps)

    def numbered(self, rows: Sequence[int]) -> str:
        """Names the first of some rows, and counts the rest."""
        named = ", ".join(str(row) for row in rows[:_SHOWN])
        more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
        return f"{self.unit}{'' if len(rows) == 1 else 's'} {named}{more}"

    def raise_if_any(self, alphabet: Alphabet, guessed: bool) -> None:
        """Refuses the file.

        Args:
            alphabet: As which the sequences are read.
            guessed: Whether that was told from the letters.

        Raises:
            DataError: There is a problem; names them all.
        """
        if not self._problems:
            return
        name = ALPHABET_NAMES[alphabet]
        raise DataError(
            f"Not all rows can be read as {name}{' (detected)' if guessed else ''}: {'; '.join(self._problems)}.",
            f"Correct the file, or say how to read it: {'; '.join(dict.fromkeys(self._steps))}.",
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
