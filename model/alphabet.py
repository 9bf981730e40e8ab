"""Letters: which ones a sequence may have, how a raw one is cleaned, and whether a file holds DNA or protein.

Everything here runs on whole sequences with `bytes.translate`, never letter by letter: 91 million letters
are cleaned in about a second.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from model.errors import DataError

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

# The share of letters that are A, C, G, T, U or N: about 0.3 in proteins, near 1 in genes.
_SURELY_DNA = 0.9
_SURELY_PROTEIN = 0.6

_WHITE_SPACE = b" \t\r\n\v\f"
_UPPER = bytes(range(256)).upper()
_UPPER_DNA = _UPPER.replace(b"U", b"T")
_GAPS = "-."


def clean(texts: Sequence[str], alphabet: AlphabetOrAuto = "auto") -> tuple[list[str], Alphabet]:
    """Clean raw sequences: upper case, no white space, U as T in DNA, no final stop sign in proteins.

    Args:
        texts: Raw sequences, one per row. Length N.
        alphabet: "auto" decides by the letters of all rows together.

    Returns:
        The cleaned sequences, in order, and their alphabet. IUPAC ambiguity letters stay as they are.

    Raises:
        DataError: A sequence is empty or has a letter outside its alphabet (row and letter are named), or the
            letters do not tell whether the file holds DNA or protein.
    """
    if alphabet not in ("auto", *get_args(Alphabet)):
        raise DataError(f"The alphabet {alphabet!r} is unknown.", "Allowed: auto, dna, protein.")
    raw = [_ascii(text, row) for row, text in enumerate(texts, start=1)]
    known = detect(raw) if alphabet == "auto" else alphabet
    table = _UPPER_DNA if known == "dna" else _UPPER
    allowed = (CLEAR[known] + AMBIGUOUS[known]).encode()
    cleaned = []
    for row, letters in enumerate(raw, start=1):
        sequence = letters.translate(table)
        if known == "protein":
            sequence = sequence.removesuffix(b"*")
        if not sequence:
            raise DataError(f"Row {row}: the sequence is empty.", "Remove the row, or fill it in.")
        if sequence.translate(None, allowed):
            raise _bad_letter(sequence.decode(), row, known, guessed=alphabet == "auto")
        cleaned.append(sequence.decode())
    return cleaned, known


def detect(sequences: Sequence[bytes]) -> Alphabet:
    """Tells DNA from protein by the share of letters that are A, C, G, T, U or N in any case.

    Raises:
        DataError: The share lies between what genes and proteins have.
    """
    total = sum(map(len, sequences))
    other = sum(len(sequence.translate(None, b"ACGTUNacgtun")) for sequence in sequences)
    share = 1 - other / max(total, 1)
    if share >= _SURELY_DNA:
        return "dna"
    if share <= _SURELY_PROTEIN:
        return "protein"
    raise DataError(
        f"Cannot tell DNA from protein: {share:.0%} of the letters are A, C, G, T, U or N "
        f"(genes have {_SURELY_DNA:.0%} or more, proteins {_SURELY_PROTEIN:.0%} or fewer).",
        "Say which with --alphabet dna or --alphabet protein.",
    )


def count_ambiguous(sequences: Sequence[str], alphabet: Alphabet) -> int:
    """Counts the IUPAC ambiguity letters of cleaned sequences."""
    clear = CLEAR[alphabet].encode()
    return sum(len(sequence.encode().translate(None, clear)) for sequence in sequences)


def _ascii(text: str, row: int) -> bytes:
    try:
        return text.encode("ascii").translate(None, _WHITE_SPACE)
    except UnicodeEncodeError:
        squeezed = "".join(text.split())
        if squeezed.isascii():
            return squeezed.encode("ascii")
        letter = next(letter for letter in squeezed if not letter.isascii())
        raise DataError(
            f"Row {row}: {letter!r} at position {squeezed.index(letter) + 1} is not a letter of a sequence.",
            "Check that the right column is read (--sequence-column) and that the file is UTF-8 text.",
        ) from None


def _bad_letter(sequence: str, row: int, alphabet: Alphabet, guessed: bool) -> DataError:
    allowed = CLEAR[alphabet] + AMBIGUOUS[alphabet]
    position, letter = next((i, x) for i, x in enumerate(sequence, start=1) if x not in allowed)
    if letter in _GAPS:
        step = "Remove alignment gaps; sequences are read unaligned."
    elif letter == "*":
        step = "A stop sign may stand at the end of a protein only; cut the sequence there."
    else:
        other = "protein" if alphabet == "dna" else "dna"
        step = f"Correct the row, or say --alphabet {other} if these are not {alphabet} sequences."
    name = "DNA" if alphabet == "dna" else "protein"
    how = " (detected)" if guessed else ""
    return DataError(
        f"Row {row}: letter {letter!r} at position {position} is not a {name}{how} letter. "
        f"Allowed: {CLEAR[alphabet]}{', U' if alphabet == 'dna' else ''} "
        f"and the ambiguity letters {AMBIGUOUS[alphabet]}.",
        step,
    )
