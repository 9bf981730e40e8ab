"""One thing that the reader should take home."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "plain", "caution"]


@dataclass(frozen=True)
class KeyPoint:
    """A title that says it, and a text that shows it."""

    tone: Tone
    title: str
    text: str
