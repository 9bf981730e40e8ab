"""What the user says of labels, and how `--label-words` is read."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from hpo.cli.command import option
from hpo.errors import UsageError
from model.choices import Intermediate, LabelMeaning

if TYPE_CHECKING:
    from model.reading import Labelling

# A word may hold commas and signs itself (">=4,8=drop"), so what follows it decides where it ends.
_WORD = re.compile(r"\s*(.*?)\s*=\s*(resistant|susceptible|drop)\s*(?:,|\Z)")


@dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """What labels mean."""

    label_words: Annotated[
        str | None,
        option(
            "--label-words",
            help='What other labels mean: "NWT=resistant,WT=susceptible"; each resistant, susceptible or drop.',
            metavar="WORDS",
        ),
    ] = None
    resistant_from: Annotated[
        float | None,
        option(
            "--resistant-from",
            help="Labels are measured values (MIC, fold change: 8, >=16, <0.5): resistant at or above this one.",
            metavar="VALUE",
        ),
    ] = None
    header_labels: Annotated[
        bool, option("--header-labels", help="The last word or bar field of each FASTA header is the label.")
    ] = False

    def labelling(self, intermediate: Intermediate | None) -> "Labelling":
        """Returns the same in the learner's words.

        Args:
            intermediate: What intermediate results become.

        Raises:
            UsageError: `--label-words` is not of its form.
        """
        from model.reading import Labelling

        words = parse_words(self.label_words or "")
        return Labelling(intermediate=intermediate, words=words, resistant_from=self.resistant_from)


def parse_words(text: str) -> dict[str, LabelMeaning]:
    """Reads `WORD=MEANING,WORD=MEANING`.

    Raises:
        UsageError: The text is not of this form, or gives a word two meanings.
    """
    words: dict[str, LabelMeaning] = {}
    end = 0
    while end < len(text):
        found = _WORD.match(text, end)
        if found is None:
            raise UsageError(
                f"--label-words: {text[end:].strip()!r} is not of the form WORD=MEANING.",
                'Each meaning is resistant, susceptible or drop, as in --label-words "NWT=resistant,WT=susceptible".',
            )
        word, meaning = found[1].lower(), cast(LabelMeaning, found[2])
        if words.setdefault(word, meaning) != meaning:
            raise UsageError(f"--label-words gives {word!r} two meanings.", "Keep one of them.")
        end = found.end()
    return words
