"""Cleaning row by row: upper case, no white space, U as T in DNA, no final stop sign in proteins, and the user's rules.

Sequences that have nothing else to clean go through `bytes.translate` whole, never letter by letter.
"""

import re
from collections import Counter
from collections.abc import Sequence

from model.alphabet import AMBIGUOUS, CLEAR, GAP, Alphabet
from model.cleaning.changes import Changes
from model.cleaning.defects import Finding, gaps, inner_stops, odd_letters
from model.cleaning.refusal import Refusal
from model.cleaning.rules import Rules
from model.errors import DataError

_WHITE_SPACE = b" \t\r\n\v\f"
_UPPER = bytes(range(256)).upper()
_TABLES: dict[Alphabet, bytes] = {"dna": _UPPER.replace(b"U", b"T"), "protein": _UPPER}
_PLAIN_DNA = b"ACGTN\n"
_FINAL_STOP = re.compile(r"\*+(?=[-.]*\Z)")


class RowCleaner:
    """Cleans sequences, and keeps account of what was found in them.

    Args:
        alphabet: Of all.
        rules: What is done with what cannot be read.
        genetic_code: NCBI's number, for stops in DNA.

    Raises:
        DataError: The genetic code is unknown, or two rules do not go together.
    """

    def __init__(self, alphabet: Alphabet, rules: Rules, genetic_code: int) -> None:
        self._alphabet: Alphabet = alphabet
        self._rules = rules
        stops = inner_stops(alphabet, rules, genetic_code)
        if stops is not None and alphabet == "dna" and rules.gaps == "keep":
            raise DataError(
                "Codons of DNA cannot be looked into for inner stops where gaps are kept.",
                "Say --gaps remove, or leave out --inner-stops.",
            )
        self._gaps, self._odd = Finding(gaps(rules)), Finding(odd_letters(alphabet, rules))
        self._stops = [Finding(stops)] if stops else []
        # In this order: gaps part no codons, and nothing behind a stop where a sequence is cut is odd.
        self._findings = [self._gaps, *self._stops, self._odd]
        self._allowed = (CLEAR[alphabet] + AMBIGUOUS[alphabet]).encode()
        # A stop in DNA is spelled with letters that are allowed.
        self.looks_closer = alphabet == "dna" and stops is not None
        self._missing: list[int] = []

    def clean(self, row: int, text: str | None) -> str | None:
        """Returns the sequence of a row; None where it has none, or where it is dropped.

        Args:
            row: Its number, from 1.
            text: As the file has it.
        """
        tidied = _tidied(text or "", self._alphabet)
        sequence: str | None = tidied.decode("utf-8", "surrogatepass")
        if sequence and (self.looks_closer or tidied.translate(None, self._allowed)):
            sequence = self._mended(row, sequence)
            if sequence is None:
                return None
        if not sequence or not sequence.strip(GAP):
            self._missing.append(row)
            return None
        return sequence

    def _mended(self, row: int, sequence: str) -> str | None:
        """Applies the rules; None where a rule drops the row, of which nothing else counts then."""
        if self._alphabet == "protein":
            sequence = _FINAL_STOP.sub("", sequence)
        noted = []
        for finding in self._findings:
            found = list(finding.defect.pattern.finditer(sequence))
            if found and finding.defect.policy == "drop":
                finding.note(row, found)
                return None
            if found:
                noted.append((finding, found))
            if found and finding.defect.policy != "error":
                sequence = finding.defect.mended(sequence)
        for finding, found in noted:
            finding.note(row, found)
        return sequence

    def refuse(self, refusal: Refusal, unlabelled: Sequence[int]) -> None:
        """Adds what no rule is for, with the rows, from 1, that lack a label."""
        for finding in self._findings:
            if finding.defect.policy == "error":
                refusal.add_finding(finding)
        for what, rows in (("sequence", self._missing), ("label", unlabelled)):
            if rows and self._rules.missing == "error":
                refusal.add(f"the {what} is missing in {refusal.numbered(rows)}", "--missing drop")

    def changes(self, unlabelled: Sequence[int]) -> Changes:
        """Counts what was done; of rows that are not refused."""
        dropped = {
            "sequence missing": len(self._missing),
            "label missing": len(unlabelled),
            **{one.defect.name: len(one.rows) for one in self._findings if one.defect.policy == "drop"},
        }
        return Changes(
            gaps_removed=dict(self._gaps.letters.most_common()) if self._rules.gaps == "remove" else {},
            gaps_kept=dict(self._gaps.letters.most_common()) if self._rules.gaps == "keep" else {},
            read_as_unknown=_printable(self._odd.letters) if self._rules.odd_letters == "unknown" else {},
            cut=sum(len(stops.rows) for stops in self._stops if self._rules.inner_stops == "cut"),
            dropped={reason: rows for reason, rows in dropped.items() if rows},
        )


def plain_dna(texts: Sequence[str | None]) -> list[str] | None:
    """Cleans rows of which each holds A, C, G, T, U and N alone, and blanks, all at once; None where one does not.

    Args:
        texts: As the file has them.
    """
    if None in texts:
        return None
    # Nothing but a sequence of its own is an end of a line: the count of rows would tell.
    tidied = _tidied("\n".join(texts), "dna", keep=b"\n")  # type: ignore[arg-type]
    if tidied.translate(None, _PLAIN_DNA):
        return None
    sequences = tidied.decode("ascii").split("\n")
    return sequences if len(sequences) == len(texts) and all(sequences) else None


def as_bytes(text: str) -> bytes:
    """Returns text in which whatever is no letter of a sequence is no ASCII letter either; any text has such bytes."""
    return text.encode("utf-8", "surrogatepass")


def _tidied(text: str, alphabet: Alphabet, keep: bytes = b"") -> bytes:
    """Folds case, takes white space out, and reads U as T in DNA; what is not ASCII stays, and will be found odd."""
    if not text.isascii() and not keep:
        text = "".join(text.split())
    # The bytes of a letter that is not ASCII are all above 127, which no table touches.
    return as_bytes(text).translate(_TABLES[alphabet], _WHITE_SPACE.translate(None, keep))


def _printable(letters: Counter[str]) -> dict[str, int]:
    """Spells letters that no text file can hold, such as half of a surrogate pair, by their number."""
    return {letter.encode("utf-8", "backslashreplace").decode(): count for letter, count in letters.most_common()}
