"""What a sequence may have that cannot be read, each kind with the policy for it."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from model.alphabet import AMBIGUOUS, CLEAR, GAP, UNKNOWN_LETTER, Alphabet
from model.cleaning.rules import Rules
from model.translation import STOP, translations

_GAPS = re.compile(r"(?P<what>[-.])")


@dataclass(frozen=True)
class Defect:
    """One kind.

    Attributes:
        name: For people, plural.
        policy: "error", "drop", or another, by which `mended` deals with it.
        pattern: Finds it; the group `what` is what is found.
        mended: Returns a sequence without it.
        steps: What the user can say.
        allowed: What may stand there instead, in brackets; empty where that needs no words.
    """

    name: str
    policy: str
    pattern: re.Pattern[str]
    mended: Callable[[str], str]
    steps: str
    allowed: str = ""


@dataclass
class Finding:
    """Where a defect was found so far.

    Attributes:
        defect: Which.
        letters: How often each thing was found.
        rows: In which rows, from 1; each once.
        position: Where in the first of them, from 1.
    """

    defect: Defect
    letters: Counter[str] = field(default_factory=Counter)
    rows: list[int] = field(default_factory=list)
    position: int = 0

    def note(self, row: int, found: Sequence[re.Match[str]]) -> None:
        """Counts what was found in a row."""
        self.position = self.position or found[0].start("what") + 1
        self.letters.update(match["what"] for match in found)
        self.rows.append(row)


def gaps(rules: Rules) -> Defect:
    """Alignment gaps."""
    sign = GAP if rules.gaps == "keep" else ""
    steps = "--gaps remove, or keep to read them as a letter"
    return Defect("alignment gaps", rules.gaps, _GAPS, lambda text: _GAPS.sub(sign, text), steps)


def odd_letters(alphabet: Alphabet, rules: Rules) -> Defect:
    """Letters that the alphabet does not have, besides gaps and, in proteins, stop signs."""
    stop = STOP if alphabet == "protein" else ""
    pattern = re.compile(f"(?P<what>[^{CLEAR[alphabet]}{AMBIGUOUS[alphabet]}{stop}.-])")
    unknown = UNKNOWN_LETTER[alphabet]
    allowed = f"{CLEAR[alphabet]}{', U' if alphabet == 'dna' else ''} and the ambiguity letters {AMBIGUOUS[alphabet]}"
    return Defect(
        name="odd letters",
        policy=rules.odd_letters,
        pattern=pattern,
        mended=lambda text: pattern.sub(unknown, text),
        steps="--odd-letters unknown or drop, or --sequence-column where the wrong column is read",
        allowed=f" (allowed: {allowed})",
    )


def inner_stops(alphabet: Alphabet, rules: Rules, genetic_code: int) -> Defect | None:
    """Stops that letters follow; None for DNA of which nothing else is asked than to be left alone.

    Raises:
        DataError: The genetic code is unknown.
    """
    if alphabet == "dna" and rules.inner_stops is None:
        return None
    pattern, side = re.compile(r"(?P<what>\*)"), "start"
    if alphabet == "dna":
        stops = "|".join(sorted(codon for codon, residue in translations(genetic_code).values() if residue == STOP))
        # Codon by codon from the start, and one more codon behind it.
        pattern, side = re.compile(rf"\A(?:\w{{3}})*?(?P<what>{stops})(?=\w{{3}})"), "end"

    def cut(sequence: str) -> str:
        found = pattern.search(sequence)
        return sequence if found is None else sequence[: getattr(found, side)("what")]

    steps = "--inner-stops cut or drop"
    return Defect("inner stops", rules.inner_stops or "error", pattern, cut, steps)
