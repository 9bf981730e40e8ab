"""What a study's trials tell of the cost of pruning: the draws that stand in them, and what audited trials came to.

A trial beats the others where its mean is above that of the best complete trial that was not audited: it would have
been the answer. Of a complete trial that is asked when it ends, of one that was given up at the end of the search,
which is when nobody can take it up again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from pydantic import TypeAdapter, ValidationError

from hpo.evaluation.pruning_cost import Audited, Tally
from hpo.search.audit import Draw
from hpo.search.patience import in_order_of_their_end

#: The name of the attribute of a trial that was drawn for.
AUDIT = "hpo:audit"

_DRAW = TypeAdapter(Draw)


def as_stored(draw: Draw) -> dict[str, Any]:
    """What the attribute holds."""
    return asdict(draw)


def draw_of(attributes: Mapping[str, Any]) -> Draw | None:
    """Reads what was drawn for a trial; None where nothing was, or nothing that can be read.

    Args:
        attributes: A trial's user attributes.
    """
    try:
        return _DRAW.validate_python(attributes.get(AUDIT))
    except ValidationError:
        return None


def is_audited(attributes: Mapping[str, Any]) -> bool:
    """Says whether a trial is to be trained to its end whatever its chance; arguments as `draw_of`."""
    drawn = draw_of(attributes)
    return drawn is not None and drawn.audited


def tally(trials: Sequence[FrozenTrial]) -> Tally:
    """Counts what one study's trials tell.

    Args:
        trials: Of its budget, ours, in any state.
    """
    drawn = {trial.number: one for trial in trials if (one := draw_of(trial.user_attrs)) is not None}
    audited = [trial for trial in trials if trial.number in drawn and drawn[trial.number].audited]
    best, gains = _course(trials, {trial.number for trial in audited})
    # Without a complete trial there is nothing to be beaten, and audits tell nothing yet.
    ended = (
        [] if best is None else [trial for trial in audited if trial.state in (TrialState.COMPLETE, TrialState.FAIL)]
    )
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials if trial.number in drawn)
    return Tally(
        given_up=pruned + len(ended),
        audits=tuple(Audited(drawn[trial.number].probability, _gain(trial, best or 0.0)) for trial in ended),
        under_way=sum(not trial.state.is_finished() for trial in audited),
        gains=tuple(gains),
    )


def _course(trials: Sequence[FrozenTrial], audited: Collection[int]) -> tuple[float | None, list[float]]:
    """The best of the complete trials that were not audited, and by how much each of them beat those before it."""
    best, gains = None, list[float]()
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.number not in audited]
    for trial in in_order_of_their_end(complete):
        value = trial.value or 0.0
        if best is not None and value > best:
            gains.append(value - best)
        best = value if best is None else max(best, value)
    return best, gains


def _gain(trial: FrozenTrial, best: float) -> float:
    # One that failed cannot be the answer.
    return max(0.0, (trial.value or 0.0) - best) if trial.state == TrialState.COMPLETE else 0.0
