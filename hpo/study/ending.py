"""When a search ends before its budget is spent: the rules that a study has for it, and that it has ended.

Neither is in the contract: like the budget, they decide how many trials there are, and no number of any. Both are
attributes of the study, so that they hold for all workers alike, and what a database holds is input: what cannot be
read is no rule, and no end.
"""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from hpo.choices import MOST

RULES = "hpo:ends"
ENDED = "hpo:ended"

#: What ended a search.
Why = Literal["time", "patience", "gain"]
Trials = Annotated[int, Field(ge=1, le=MOST)]
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When the search of a study ends.

    Attributes:
        patience_trials: When so many trials in a row have not beaten the best; None for never.
        by_gain: When more trials are unlikely to pay (`hpo.search.gain`).
        since: Trials that had ended when the study was last given more of them: patience begins behind these.
    """

    patience_trials: Trials | None = None
    by_gain: bool = False
    since: Annotated[int, Field(ge=0, le=MOST)] = 0

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.by_gain or self.patience_trials is not None

    def given_more(self, ended: int) -> "Rules":
        """The rules of a study that is given more trials after so many have ended: whoever says how many wants them."""
        return replace(self, by_gain=False, since=ended)

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


NO_RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class Ended:
    """That a search has ended before its budget was spent.

    Attributes:
        asked: The budget that it had.
        trials: The budget that it has now: the trials that were begun.
        why: What ended it.
    """

    asked: Trials
    trials: Trials
    why: Why

    def as_dict(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)


def why_ended(ended: Ended) -> str:
    """Says in one sentence what ended a search."""
    why = {
        "time": "its time was over (--time)",
        "patience": "its best had not been beaten for long enough (--patience-trials)",
        "gain": "more trials are unlikely to pay (without --trials)",
    }[ended.why]
    return f"The search ended with {ended.trials:,} of {ended.asked:,} trials, because {why}."


def ended_in_words(ended: Ended, study: str) -> str:
    """Says in one line what ended a search, and how it goes on."""
    return f"{why_ended(ended)} More: hpo extend --study {shlex.quote(study)} --trials {ended.asked}"


_RULES, _ENDED = TypeAdapter(Rules), TypeAdapter(Ended)


def read_rules(attributes: Mapping[str, Any]) -> Rules:
    """Reads the rules of a study; none where it has none, or some that cannot be read.

    Args:
        attributes: Of the study.
    """
    return _read(_RULES, attributes.get(RULES)) or NO_RULES


def read_ended(attributes: Mapping[str, Any], budget: int) -> Ended | None:
    """Reads that a search has ended; None where it has not, or has got another budget since.

    Args:
        attributes: Of the study.
        budget: That it has.
    """
    ended = _read(_ENDED, attributes.get(ENDED))
    return ended if ended is not None and ended.trials == budget else None


def _read(adapter: TypeAdapter[_Kind], stored: object) -> _Kind | None:
    try:
        return adapter.validate_python(stored)
    except ValidationError:
        return None
