"""The answers that a study was given: which files each is, so that it can be written again and is never made twice.

The files lie among the artifacts. What is read here comes from a database: an answer that cannot be read is none.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

_PREFIX = "hpo:answer:"
_MOST_FILES = 1000

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What `finalize` has written."""

    #: ISO 8601, UTC.
    finished: Annotated[str, Field(max_length=64)]
    #: SHA-256 by the name in the report's folder.
    files: Annotated[Mapping[FileName, Digest], Field(max_length=_MOST_FILES)]

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


_ANSWER = TypeAdapter(Answer)


def answer_name(budget: int, *asked: object) -> str:
    """Returns the attribute's name of an answer.

    Args:
        budget: Trials that it rests on.
        asked: How it was asked for: other words are another answer.
    """
    return f"{_PREFIX}{':'.join(str(word) for word in (budget, *asked))}"


def read_answer(attributes: Mapping[str, Any], name: str) -> Answer | None:
    """Reads an answer; None where there is none, or one that cannot be read.

    Args:
        attributes: A study's user attributes.
        name: From `answer_name`.
    """
    try:
        return _ANSWER.validate_python(attributes.get(name))
    except ValidationError:
        return None


def last_answered(attributes: Mapping[str, Any], budget: int) -> str | None:
    """Says when the study was answered last, from all trials of this budget; None where it was not."""
    names = [name for name in attributes if name.startswith(answer_name(budget, ""))]
    found = [answer for name in names if (answer := read_answer(attributes, name)) is not None]
    return max((answer.finished for answer in found), default=None)


def newest_answer(attributes: Mapping[str, Any]) -> Answer | None:
    """Finds the answer that was given last, however it was asked for; None where there is none.

    Args:
        attributes: A study's user attributes.
    """
    names = [name for name in attributes if name.startswith(_PREFIX)]
    found = [answer for name in names if (answer := read_answer(attributes, name)) is not None]
    return max(found, key=lambda answer: answer.finished, default=None)
