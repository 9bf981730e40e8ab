"""Which rows are resistant: what a label may look like, and how each one was read.

A label is read by the first of these that knows it: the user's own words, measured values where the user names a cutoff
(`model.reading.measured`), the plain words, and intermediate results where the user says what they become.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from model.choices import Intermediate, LabelMeaning
from model.cleaning import is_missing
from model.errors import DataError
from model.genes import LabelWord
from model.reading.label_refusal import INTERMEDIATE, Unread, refusal
from model.reading.measured import compare

_RESISTANT = (
    *("1", "true", "r", "res", "resistant", "nonsusceptible", "notsusceptible"),
    *("pos", "positive", "yes", "y", "+"),
)
_SUSCEPTIBLE = (
    *("0", "false", "s", "sus", "susceptible", "sensitive", "nonresistant", "notresistant"),
    *("neg", "negative", "no", "n", "-"),
)
_PLAIN: dict[str, LabelMeaning] = {
    **dict.fromkeys(_RESISTANT, "resistant"),
    **dict.fromkeys(_SUSCEPTIBLE, "susceptible"),
}
# Words of which a column that holds no others is one of labels, whatever its name.
_PHENOTYPES = frozenset(
    [
        *("r", "res", "resistant", "nonsusceptible", "notsusceptible", *INTERMEDIATE),
        *("s", "sus", "susceptible", "sensitive", "nonresistant", "notresistant"),
    ]
)
# Alone these mean "not known" as often, so they are read only where the other word stands in the column as well.
_ONLY_BESIDE = {"-": "+", "n": "y"}
_SIDES = {"resistant": "at or above", "susceptible": "below"}
# 1.00 and 0.00, as tables of numbers have them.
_WHOLE_NUMBER = re.compile(r"[01]\.0*")
# What may stand between the parts of a word: non-resistant, not resistant.
_BETWEEN = re.compile(r"(?<=[a-z])[\s_-]+(?=[a-z])")


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What the user says of labels.

    Attributes:
        intermediate: What rows labelled I or intermediate become; None where there must not be any.
        words: What other words mean; white space around them and case do not matter.
        resistant_from: Rows whose measured value (an MIC, a fold change) is this or more are resistant; a bound that
            does not decide (<=16 where the cutoff is 8) drops its row.

    Raises:
        DataError: One of them has a value that is not allowed.
    """

    intermediate: Intermediate | None = None
    words: Mapping[str, LabelMeaning] = field(default_factory=dict)
    resistant_from: float | None = None

    def __post_init__(self) -> None:
        allowed = get_args(LabelMeaning)
        if self.intermediate not in (None, *allowed):
            raise DataError(
                f"The choice {self.intermediate!r} for intermediate results is unknown.",
                f"Allowed (--intermediate): {', '.join(allowed)}.",
            )
        for word, meaning in self.words.items():
            if meaning not in allowed:
                raise DataError(
                    f"The meaning {meaning!r} of the label {word!r} is unknown.",
                    f"Allowed (--label-words): {', '.join(allowed)}.",
                )
        if self.resistant_from is not None and not math.isfinite(self.resistant_from):
            raise DataError(
                f"No value can be at or above {self.resistant_from}.", "Give --resistant-from a number, such as 16."
            )


@dataclass(frozen=True, eq=False)
class LabelsRead:
    """Labels of all rows.

    Attributes:
        resistant: [N] True = resistant.
        kept: [N] False = the row is dropped, as the user asked.
        words: How each was read, the most frequent first.
    """

    resistant: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    words: tuple[LabelWord, ...]


def parse_labels(
    values: Sequence[object], labelling: Labelling | None = None, rows: Sequence[int] | None = None, unit: str = "row"
) -> LabelsRead:
    """Reads labels.

    Args:
        values: One per row: booleans, numbers, words or None. Length N.
        labelling: What the user says of them.
        rows: Their numbers in the file, for messages; by default from 1.
        unit: What they are called, in one word.

    Raises:
        DataError: Labels are missing, are none of the words, or do not decide; names them all, with their rows.
    """
    labelling = labelling or Labelling()
    labels = [_text(value) for value in values]
    counts = Counter(labels)
    vocabulary = _Vocabulary(labelling, frozenset(label.lower() for label in counts))
    read = {label: vocabulary.look_up(label) for label in counts}
    known = {label: found for label, found in read.items() if found is not None}
    if len(known) < len(counts):
        numbers = rows or range(1, len(labels) + 1)
        first_rows = dict(zip(reversed(labels), reversed(numbers), strict=True))
        unread = [Unread(label, counts[label], first_rows[label]) for label in counts if label not in known]
        raise refusal(unread, labelling.resistant_from, unit)
    found = Counter(known[label] for label in labels)
    return LabelsRead(
        resistant=np.array([known[label][1] == "resistant" for label in labels], dtype=np.bool_),
        kept=np.array([known[label][1] != "drop" for label in labels], dtype=np.bool_),
        words=tuple(LabelWord(words, meaning, count) for (words, meaning), count in found.most_common()),
    )


def find_unlabelled(values: Sequence[object], labelling: Labelling | None = None) -> list[int]:
    """Finds values, from 0, that are no label; a word such as - or NA is one where the column or the user says so.

    Args:
        values: As in `parse_labels`. Length N.
        labelling: Likewise.
    """
    labels = [_text(value) for value in values]
    vocabulary = _Vocabulary(labelling or Labelling(), frozenset(label.lower() for label in labels))
    missing = {label for label in set(labels) if is_missing(label) and vocabulary.look_up(label) is None}
    return [row for row, label in enumerate(labels) if label in missing]


def label_kind(values: Sequence[object]) -> Literal["phenotype", "possible", "other"]:
    """Tells whether a column may be one of labels: of words that mean nothing else, or of such as 0 and 1, yes and no.

    Args:
        values: Some of its values, or all.
    """
    words = {_plain(_text(value).lower()) for value in values if not is_missing(value)}
    if words and words <= _PHENOTYPES:
        return "phenotype"
    return "possible" if words and words <= _PHENOTYPES | _PLAIN.keys() else "other"


def _plain(word: str) -> str:
    """Brings a word in lower case into the form in which plain words are compared."""
    return word[0] if _WHOLE_NUMBER.fullmatch(word) else _BETWEEN.sub("", word)


def _text(value: object) -> str:
    """Gives a label as text; numpy and HDF5 may hold words as bytes."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else str(value).strip()


class _Vocabulary:
    """What the labels of one column mean.

    Args:
        labelling: What the user says.
        column: The different labels of the column, in lower case.
    """

    def __init__(self, labelling: Labelling, column: frozenset[str]) -> None:
        self._own = {word.strip().lower(): meaning for word, meaning in labelling.words.items()}
        self._cutoff = labelling.resistant_from
        self._plain: dict[str, LabelMeaning] = dict(_PLAIN)
        if labelling.intermediate is not None:
            self._plain |= dict.fromkeys(INTERMEDIATE, labelling.intermediate)
        for word, partner in _ONLY_BESIDE.items():
            if partner not in column:
                del self._plain[word]

    def look_up(self, label: str) -> tuple[str, LabelMeaning] | None:
        """Gives the words under which a label is told of, and its meaning; None where it cannot be read."""
        word = label.lower()
        if word in self._own:
            return label, self._own[word]
        if self._cutoff is not None and (verdict := compare(word, self._cutoff)) is not None:
            return (label, "drop") if verdict == "undecided" else (f"{_SIDES[verdict]} {self._cutoff:g}", verdict)
        plain = _plain(word)
        return (label, self._plain[plain]) if plain in self._plain else None
