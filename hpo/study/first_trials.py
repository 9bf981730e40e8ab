"""The trials of a study that nobody has to propose: the original's, the user's own, and where the search begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from hpo.choices import Start
from hpo.errors import ContractError, UsageError
from hpo.search.configurations import read_configurations
from hpo.search.parameters import Value
from hpo.search.portfolio import read_portfolio
from hpo.search.space import Space
from hpo.study.contract import Contract
from hpo.study.opened import OpenedStudy
from hpo.terminal import say

#: Of a trial: what it comes from, where no sampler proposed it.
ORIGIN = "hpo:origin"
_ENQUEUED, _PORTFOLIO = "enqueued", "portfolio"


@dataclass(frozen=True)
class FirstTrial:
    """A trial with its params fixed, all or some of them."""

    params: Mapping[str, Value]
    #: As its attribute says.
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, Any]:
        """Of the trial, from its beginning."""
        return {ORIGIN: dict(self.origin)} if self.origin else {}


def enqueued(file: Path | None, space: Space) -> list[FirstTrial]:
    """Reads the user's own configurations; none without a file.

    Raises:
        UsageError: One of them is not of the space.
    """
    if file is None:
        return []
    return [
        FirstTrial(one.params, {_ENQUEUED: file.name, "where": one.where}) for one in read_configurations(file, space)
    ]


def choose_portfolio(start: Start | None, packaged: str | None, space: Space) -> list[dict[str, Value]]:
    """Returns the portfolio with which the search begins, and says so; nothing where it begins otherwise.

    Args:
        start: As `--start` has it; None for a portfolio where there is one.
        packaged: The name of the packaged space that is searched; None where a portfolio does not apply.
        space: That space.

    Raises:
        UsageError: A portfolio is asked for, and there is none.
    """
    portfolio = [] if packaged is None or start == "random" else read_portfolio(packaged, space)
    if start == "portfolio" and not portfolio:
        raise UsageError(
            "There is no portfolio to begin this search with (--start portfolio): they are for --sampler tpe, without "
            "--space and --warm-start, on genes that are read by their mutations.",
            "Leave --start out.",
        )
    if portfolio:
        say(f"The search begins with {len(portfolio)} configurations that were good on other genes (--start).")
    return portfolio


def first_trials(contract: Contract, own: Sequence[FirstTrial], earlier: Sequence[FirstTrial] = ()) -> list[FirstTrial]:
    """Returns the first trials of a study, by number.

    Args:
        contract: The study's.
        own: The user's.
        earlier: Of an earlier study.
    """
    space = contract.search.space
    original = [FirstTrial(space.representable(contract.baseline))] if contract.is_original(0) else []
    start = [FirstTrial(params, {_PORTFOLIO: place}) for place, params in enumerate(contract.search.portfolio, start=1)]
    # A random search stays one, to compare with.
    if not start and contract.search.sampler == "tpe":
        start = [FirstTrial(space.representable(space.start))]
    return [*original, *own, *earlier, *start]


def check_room(contract: Contract, own: Sequence[FirstTrial], trials: int) -> None:
    """Refuses a budget that does not hold the user's own configurations.

    Raises:
        UsageError: Says how many it must hold.
    """
    least = len(own) + contract.is_original(0)
    if own and least > trials:
        raise UsageError(
            f"--enqueue has {len(own)} configurations, and --trials is {trials}"
            + (", of which the original's configuration takes one." if contract.is_original(0) else "."),
            f"Ask for --trials {least} or more, or leave some out.",
        )


def check_enqueued(opened: OpenedStudy, own: Sequence[FirstTrial]) -> None:
    """Refuses other configurations than the study was made with.

    Raises:
        ContractError: Says so.
    """
    trials = opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False)
    there = [trial.system_attrs.get("fixed_params") for trial in trials if _is_enqueued(trial)]
    if own and there != [dict(one.params) for one in own]:
        raise ContractError(
            f"Study {opened.handle.name!r} was made with {len(there) or 'no'} configurations of --enqueue, and not "
            f"with these {len(own)}.",
            "Leave --enqueue out to go on with it, or choose another --study.",
        )


def _is_enqueued(trial: FrozenTrial) -> bool:
    origin = trial.user_attrs.get(ORIGIN)
    return isinstance(origin, Mapping) and _ENQUEUED in origin
