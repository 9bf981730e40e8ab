"""One thing that the reader should take home."""

from dataclasses import dataclass
from typing import Literal

#: What stands before the verdict, wherever it is told.
VERDICT = "Verdict"
Tone = Literal["good", "plain", "caution"]


@dataclass(frozen=True)
class KeyPoint:
    """A title that says it, and a text that shows it."""

    tone: Tone
    title: str
    text: str
