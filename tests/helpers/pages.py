"""The code of a page of the documentation: its fenced blocks, and what a comment before one says of it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))

#: A remark is an HTML comment in the line before a block, which readers of the page do not see:
#:   <!-- not run: REASON -->    the commands are there, but are not run by the tests
#:   <!-- ends with 1 -->        the exit code that the last command of the block must have; else 0
#:   <!-- file: NAME -->         what a file holds
_BLOCK = re.compile(
    r"^(?:<!-- (?P<remark>[^\n]+) -->\n)?```(?P<language>[a-z]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: What stands behind the fence.
        code: Between the fences.
        remark: The comment's text; "" where there is none.
        line: Of the page, where the block begins.
    """

    language: str
    code: str
    remark: str
    line: int

    def told(self, what: str) -> str | None:
        """What a remark of this kind says; None where there is none."""
        return self.remark.removeprefix(what).strip() if self.remark.startswith(what) else None

    @property
    def commands(self) -> list[str]:
        """The lines of a shell, without comments, and with lines that go on joined."""
        joined = self.code.replace("\\\n", " ")
        without = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
        return [line for line in without if line]


def blocks_of(page: Path) -> list[Block]:
    """Returns the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(match["language"], match["code"], match["remark"] or "", text.count("\n", 0, match.start()) + 1)
        for match in _BLOCK.finditer(text)
    ]
    assert 2 * len(found) == len(re.findall("^ *```", text, re.MULTILINE)), f"{page.name} has a fence without its other"
    return found
