"""A study that is asked for again: it must be the same one, and goes on; more trials are added to it."""

import shlex
from dataclasses import replace

from hpo.errors import ContractError
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, CONTRACT
from hpo.study.contract import Contract, parse
from hpo.study.create import Plan
from hpo.study.differences import differences
from hpo.study.ending import ENDED, RULES, read_ended, read_rules
from hpo.study.opened import OpenedStudy
from hpo.study.ownership import check_made_here, check_may_be_made
from hpo.terminal import say
from storage.connection import open_storage
from storage.errors import StorageError
from storage.studies import find_study, study_names


def find_earlier(address: StudyAddress) -> Contract | None:
    """Finds the contract of a study that is there; None where there is none, or one whose making was cut short.

    Raises:
        ContractError: Another program made a study of that name.
    """
    try:
        storage = open_storage(address.storage)
    except StorageError:
        # No storage yet; whatever else is wrong with it, making the study will say.
        return None
    if address.study not in study_names(storage):
        return None
    handle = find_study(storage, address.study)
    attributes = handle.attributes()
    if CONTRACT not in attributes:
        check_may_be_made(handle)
        return None
    check_made_here(handle)
    return parse(attributes[CONTRACT], handle.name)


def as_begun(plan: Plan, earlier: Contract) -> Plan:
    """Keeps what was chosen for the user: another budget, or another version, would choose otherwise."""
    return replace(
        plan,
        original=plan.original or earlier.original,
        # Where another objective is asked for, that is what differs.
        pruner=plan.pruner or (earlier.search.pruner if plan.objective == earlier.search.objective else None),
        start=plan.start or (None if earlier.search.portfolio else "random"),
        # What the two began from is compared by `check_warm_start`.
        warm_start=None,
        related=bool(earlier.data.ancestors),
        may_not_code=earlier.data.columns is not None,
    )


def check_same(earlier: Contract, asked: Contract) -> None:
    """Refuses to go on with another study than was asked for.

    Raises:
        ContractError: Names what differs.
    """
    if differing := differences(earlier, asked):
        raise ContractError(
            f"A study named {earlier.study!r} is in this storage already, and differs from what is asked for. "
            f"{'; '.join(differing)}.",
            "Give the same data and options to go on with it, or choose another --study.",
        )


def ask_again(opened: OpenedStudy, trials: int | None, patience_trials: int | None) -> None:
    """Raises the study's budget to what is asked for, and gives it the patience that is asked for.

    A search that has ended before its budget was spent goes on where more or other is asked for than it had.

    Args:
        opened: The study.
        trials: The budget; None for that of the study, and for its own end where that was said before.
        patience_trials: As `--patience-trials` has it; None for that of the study.

    Raises:
        ContractError: The study has a larger budget.
    """
    budget, attributes = opened.budget, opened.handle.attributes()
    rules, ended = read_rules(attributes), read_ended(attributes, budget)
    had = budget if ended is None else ended.asked
    by_gain = rules.by_gain and trials is None
    trials = had if trials is None else trials
    _check_no_less(opened.handle.name, budget, trials)
    asked = replace(rules, patience_trials=patience_trials or rules.patience_trials, by_gain=by_gain)
    if ended is not None and (trials, asked) == (had, rules):
        return
    if trials > had:
        asked = asked.given_more(opened.queue.counts(budget).finished)
    if asked != rules:
        opened.handle.set(RULES, asked.as_dict())
    if trials != budget:
        opened.handle.set(ENDED, None)
        opened.handle.set(BUDGET, trials)
        say(f"The budget of study {opened.handle.name!r} is raised from {budget} to {trials} trials.")


def _check_no_less(name: str, budget: int, trials: int) -> None:
    if trials < budget:
        raise ContractError(
            f"Study {name!r} has a larger budget than is asked for. --trials: {budget} in the study, {trials} here.",
            f"Give --trials {budget}, or lower it: `hpo extend --study {shlex.quote(name)} --trials {trials}`.",
        )
