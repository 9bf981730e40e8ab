"""The kinds of a difference, one table per level; the index in the table is the token.

A substitution carries the letter that the gene has, an insertion the letter that it adds. What the ancestor has
there is not part of the kind: the place says it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from model.alphabet import AMINO_ACIDS, BASES
from model.errors import DataError

Level = Literal["amino_acid", "nucleotide"]

PAD = 0
#: A substitution to an ambiguous letter: X, N, ...
UNKNOWN = 1

DELETION = "-"
INSERTION = "+"
FRAMESHIFT = "fs"
EXTENSION = "ext"
BEGIN = "begin"
STOP = "stop"
END = "end"


@dataclass(frozen=True)
class Kinds:
    """The vocabulary of one level.

    Attributes:
        names: The kind of each token: <pad>, <unknown>, each letter (a substitution to it), "-" (deletion), "+A" and
            so on (insertions), "+" (insertion of an ambiguous letter), "fs" (amino acids only: the reading frame is
            lost), "ext" (the gene goes on beyond the ancestor's end), "begin" (it begins later), "stop" (it ends
            early), "end" (where it ends, if that is not early).
        tokens: The inverse: token by name.
    """

    names: tuple[str, ...]
    tokens: dict[str, int]

    def __len__(self) -> int:
        return len(self.names)

    def substitution(self, letter: str) -> int:
        """Gives the token of a substitution to this letter."""
        return self.tokens.get(letter, UNKNOWN)

    def insertion(self, letter: str) -> int:
        """Gives the token of an insertion of this letter."""
        return self.tokens.get(INSERTION + letter, self.tokens[INSERTION])


@lru_cache(maxsize=2)
def kinds(level: Level) -> Kinds:
    """Gives the vocabulary of a level.

    Raises:
        DataError: There is no such level.
    """
    if level not in get_args(Level):
        raise DataError(f"The level {level!r} is unknown.", f"Allowed: {', '.join(get_args(Level))}.")
    letters = AMINO_ACIDS if level == "amino_acid" else BASES
    insertions = [INSERTION + letter for letter in letters]
    shift = [FRAMESHIFT] if level == "amino_acid" else []
    names = ("<pad>", "<unknown>", *letters, DELETION, *insertions, INSERTION, *shift, EXTENSION, BEGIN, STOP, END)
    return Kinds(names, {name: token for token, name in enumerate(names)})
