"""Steering a study while workers are at it: they read budget and pause before every claim."""

from hpo.errors import HpoError
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, PAUSED
from hpo.study.opened import open_study


def set_paused(address: StudyAddress, *, paused: bool) -> str:
    """Stops or goes on handing out trials. Returns what to tell the user."""
    opened = open_study(address)
    opened.handle.set(PAUSED, paused)
    if paused:
        return (
            f"Study {opened.handle.name!r} is paused: trials at work go on to their end, workers then wait. "
            f"Go on with: hpo resume --study {opened.handle.name}"
        )
    return f"Study {opened.handle.name!r} is open. Workers that wait go on; start others with: hpo worker"


def extend_budget(address: StudyAddress, trials: int) -> str:
    """Raises the budget. Returns what to tell the user.

    Raises:
        HpoError: The new budget is not above the old one.
    """
    opened = open_study(address)
    if trials <= opened.budget:
        raise HpoError(
            f"Study {opened.handle.name!r} has a budget of {opened.budget} trials already.",
            "The budget can only be raised: give a larger --trials.",
        )
    opened.handle.set(BUDGET, trials)
    told = f"Study {opened.handle.name!r} now has a budget of {trials} trials. "
    if opened.paused:
        return f"{told}It is paused. Go on with: hpo resume --study {opened.handle.name}"
    return f"{told}Where no worker runs: hpo worker --study {opened.handle.name}"
