"""Whose a study is: ours only if `hpo create-study` made it.

A storage may hold studies of other programs. Nothing of theirs is taken over: their trials are none of ours, and a
study that seeks the lowest value would lead our search to the worst accuracy.
"""

from optuna.study import StudyDirection

from hpo.errors import ContractError
from hpo.study.attributes import BUDGET, CONTRACT
from storage.studies import StudyHandle

_ANOTHER_NAME = "Make one of hpo's own beside it, under another name: hpo create-study DATA --study NAME --trials N"


def check_made_here(handle: StudyHandle) -> None:
    """Refuses to work on a study that is none of ours.

    Raises:
        ContractError: Another program made it, or ours was cut short while it made it.
    """
    _check_direction(handle)
    if CONTRACT in handle.attributes():
        return
    if _was_begun_here(handle):
        raise ContractError(
            f"The making of study {handle.name!r} was cut short: it has no contract.",
            "Run `hpo create-study` for it again.",
        )
    raise _foreign(handle)


def check_may_be_made(handle: StudyHandle) -> None:
    """Refuses to make a study of ours out of one that is there and has no contract, unless ours began it.

    Raises:
        ContractError: Another program made it.
    """
    _check_direction(handle)
    if not _was_begun_here(handle):
        raise _foreign(handle)


def _check_direction(handle: StudyHandle) -> None:
    directions = handle.directions()
    if directions != [StudyDirection.MAXIMIZE]:
        found = ", ".join(direction.name for direction in directions)
        raise ContractError(
            f"Study {handle.name!r} was made by another program: its direction is {found}, and hpo's studies have "
            "MAXIMIZE, for accuracy.",
            _ANOTHER_NAME,
        )


def _was_begun_here(handle: StudyHandle) -> bool:
    """Whether ours may have begun it: it writes the budget before it makes the first trial."""
    return BUDGET in handle.attributes() or not handle.storage.get_all_trials(handle.study_id, deepcopy=False)


def _foreign(handle: StudyHandle) -> ContractError:
    return ContractError(
        f"Study {handle.name!r} was made by another program: it has trials and no contract of `hpo create-study`.",
        _ANOTHER_NAME,
    )
