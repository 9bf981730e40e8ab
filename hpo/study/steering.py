"""Steering a study while workers are at it: they read budget and pause before every claim."""

import shlex

from optuna.trial import FrozenTrial, TrialState

from hpo.choices import MOST
from hpo.errors import HpoError, UsageError
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, PAUSED
from hpo.study.ending import ENDED, RULES, read_rules
from hpo.study.opened import open_study
from hpo.study.own_trials import own


def set_paused(address: StudyAddress, *, paused: bool) -> str:
    """Stops or goes on handing out trials. Returns what to tell the user."""
    opened = open_study(address)
    opened.handle.set(PAUSED, paused)
    if paused:
        return (
            f"Study {opened.handle.name!r} is paused: trials at work go on to their end, workers then wait. "
            f"Go on with: hpo resume --study {shlex.quote(opened.handle.name)}"
        )
    return f"Study {opened.handle.name!r} is open. Workers that wait go on; start others with: hpo worker"


def set_budget(address: StudyAddress, trials: int) -> str:
    """Raises the budget, or lowers it. Returns what to tell the user.

    What stands there as budget now is not looked at: it may be what has to be mended.

    Raises:
        HpoError: A trial that is finished or at work would lie outside.
        UsageError: No study can have such a budget.
    """
    opened = open_study(address)
    if not 1 <= trials <= MOST:
        raise UsageError(f"--trials is {trials}; allowed are 1 to {MOST:,}.", "Give another number.")
    least = least_budget(opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False))
    if trials < least:
        raise HpoError(
            f"Study {opened.handle.name!r} cannot have a budget of {trials}: its trials up to the {least}th in order "
            "are finished, at work, or come before one that is.",
            f"Give --trials {least} or more.",
        )
    rules = read_rules(opened.handle.attributes())
    if rules.any:
        # Patience that has run out would end the search again at once.
        opened.handle.set(RULES, rules.given_more(opened.queue.counts(trials).finished).as_dict())
    opened.handle.set(ENDED, None)
    opened.handle.set(BUDGET, trials)
    told, name = f"Study {opened.handle.name!r} now has a budget of {trials} trials. ", shlex.quote(opened.handle.name)
    if opened.paused:
        return f"{told}It is paused. Go on with: hpo resume --study {name}"
    return f"{told}Where no worker runs: hpo worker --study {name}"


def least_budget(trials: list[FrozenTrial]) -> int:
    """Returns the least budget that holds every trial of ours that is finished or at work.

    Args:
        trials: All of a study, by number.
    """
    begun = [place for place, trial in enumerate(own(trials), 1) if trial.state != TrialState.WAITING]
    return max(begun, default=1)
