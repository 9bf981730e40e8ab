"""Ends a search before its budget is spent: the budget becomes the trials that were begun.

Whatever holds of a budget goes on to hold: it is exact, `finalize` answers from it, `hpo extend` raises it. Trials at
work go on to their end, and so do those that were put back. What they have cost is spent, one of them may be the best,
and a study whose first trial is at work would have no answer without it. So a search goes on after its end for as long
as one trial takes, at most.

Nobody decides for all: each worker looks before it takes a trial, and the first that finds the end writes it down. A
worker that has looked just before takes one more; when that has ended, it is counted in by the next look. Whoever may
not write it down, or only looks, finds it all the same, for it follows from the trials; then `finalize` writes it.
"""

from collections.abc import Sequence
from contextlib import suppress

from optuna.trial import FrozenTrial, TrialState

from hpo.search.patience import trials_unbeaten
from hpo.study.attributes import BUDGET, CONFIGURATION, PAUSED
from hpo.study.contract import Contract
from hpo.study.ending import ENDED, RULES, Ended, Rules, Why, read_ended, read_rules
from hpo.study.opened import OpenedStudy
from hpo.study.own_trials import as_they_stand, own
from hpo.study.prospects import MOST_FINISHED, prospect_of_trials
from storage.errors import StorageForbiddenError


def find_end(opened: OpenedStudy) -> tuple[int, bool, Ended | None]:
    """Budget, pause, and what has ended the search, whether or not anybody could write that down.

    Raises:
        StudyNotFoundError: The study was deleted.
        ContractError: They are nothing that workers could follow.
    """
    attributes = opened.attributes(BUDGET, PAUSED, RULES, ENDED)
    budget, paused = opened.orders_among(attributes)
    rules, ended = read_rules(attributes), read_ended(attributes, budget)
    if ended is not None:
        ended = _ended(opened, ended.asked, ended.why, least=budget)
    elif rules.any and (why := _why_to_end(rules, _own_trials(opened)[:budget], opened.contract)) is not None:
        ended = _ended(opened, budget, why)
    return budget if ended is None else ended.trials, paused, ended


def orders_before_a_claim(opened: OpenedStudy) -> tuple[int, bool]:
    """Budget and pause, after a look whether the search has come to its end; errors as `find_end`."""
    budget, paused, ended = find_end(opened)
    if ended is not None:
        _write(opened, ended)
    return budget, paused


def end_search(opened: OpenedStudy, why: Why) -> None:
    """Ends the search now, if trials of its budget are not begun yet."""
    budget = opened.budget
    if read_ended(opened.attributes(ENDED), budget) is None:
        _write(opened, _ended(opened, budget, why))


def trials_begun(trials: Sequence[FrozenTrial]) -> int:
    """Returns the least budget that holds every trial that was begun.

    Args:
        trials: Of a study, ours, by number.
    """
    return max((place for place, trial in enumerate(trials, 1) if _is_begun(trial)), default=0)


def _why_to_end(rules: Rules, trials: Sequence[FrozenTrial], contract: Contract) -> Why | None:
    if rules.patience_trials is not None and trials_unbeaten(trials, rules.since) >= rules.patience_trials:
        return "patience"
    if rules.by_gain and len(trials) <= MOST_FINISHED:
        prospect = prospect_of_trials(trials, contract.splitting.folds, contract.search.objective)
        return "gain" if prospect is not None and not prospect.pays else None
    return None


def _is_begun(trial: FrozenTrial) -> bool:
    # One that waits may have been put back.
    return trial.state != TrialState.WAITING or CONFIGURATION in trial.user_attrs


def _ended(opened: OpenedStudy, asked: int, why: Why, least: int = 1) -> Ended:
    begun = max(least, trials_begun(_own_trials(opened)[:asked]))
    return Ended(asked=asked, trials=begun, why=why)


def _write(opened: OpenedStudy, ended: Ended) -> None:
    if ended.trials != opened.budget:
        # A worker may be refused (its role in Postgres writes to trials alone): it goes by what it has found.
        with suppress(StorageForbiddenError):
            # First why: a budget without it would be taken for one that somebody asked for.
            opened.handle.set(ENDED, ended.as_dict())
            opened.handle.set(BUDGET, ended.trials)


def _own_trials(opened: OpenedStudy) -> list[FrozenTrial]:
    return as_they_stand(own(opened.storage.get_all_trials(opened.handle.study_id, deepcopy=False)))
