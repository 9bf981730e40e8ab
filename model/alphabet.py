"""Letters: which ones a sequence may have. Imports nothing that takes time, for the command line needs it."""

from collections.abc import Sequence
from typing import Literal

Alphabet = Literal["dna", "protein"]
#: What the user may say of it; "auto" leaves it to the letters.
AlphabetOrAuto = Literal["auto", Alphabet]

BASES = "ACGT"
AMBIGUOUS_BASES = "RYSWKMBDHVN"
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
# B, J, Z and X stand for several residues; U (selenocysteine) and O (pyrrolysine) are too rare to be learnt.
AMBIGUOUS_AMINO_ACIDS = "BJOUXZ"

CLEAR: dict[Alphabet, str] = {"dna": BASES, "protein": AMINO_ACIDS}
AMBIGUOUS: dict[Alphabet, str] = {"dna": AMBIGUOUS_BASES, "protein": AMBIGUOUS_AMINO_ACIDS}

#: What is read where a letter cannot be told.
UNKNOWN_LETTER: dict[Alphabet, str] = {"dna": "N", "protein": "X"}
#: Where an alignment has no letter, in sequences whose gaps were kept.
GAP = "-"
#: For people.
ALPHABET_NAMES: dict[Alphabet, str] = {"dna": "DNA", "protein": "protein"}


def count_ambiguous(sequences: Sequence[str], alphabet: Alphabet) -> int:
    """Counts the IUPAC ambiguity letters of cleaned sequences; gaps are none."""
    clear = (CLEAR[alphabet] + GAP).encode()
    return sum(len(sequence.encode().translate(None, clear)) for sequence in sequences)


def without_gaps(sequences: Sequence[str]) -> Sequence[str]:
    """Returns sequences as they are in a cell."""
    return [sequence.replace(GAP, "") for sequence in sequences] if has_gaps(sequences) else sequences


def has_gaps(sequences: Sequence[str]) -> bool:
    """Says whether gaps were kept in any of cleaned sequences."""
    return any(GAP in sequence for sequence in sequences)
