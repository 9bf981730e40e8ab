"""Text of others as a terminal may show it: names, keys and messages from files and databases can hold its commands.

Escape sequences retitle a window, clear it or hide lines; marks of direction show a name as another. Line ends and tabs
stay. What rich draws on purpose does not pass through here.
"""

import re
from typing import TextIO

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def printable(text: str) -> str:
    r"""Returns the text with what cannot be seen spelled out, such as \x1b for an escape."""
    return _HIDDEN.sub(_spelled, text)


class PrintableStream:
    """A stream to write to, that lets only printable text through.

    Args:
        stream: Where it goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes the text, and returns how many characters that were."""
        return self._stream.write(printable(text))

    def flush(self) -> None:
        """Passes on what was held back."""
        self._stream.flush()


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
