"""Trials that wait as they were read last: dozens of them are listed whenever a worker looks for its next task.

What waits is changed by nobody but who claims it, and every claim is of another moment. So a trial that waits since the
same claim, or since it was made, is the same, as a finished one is, which Optuna's cache reads once too. What somebody
writes to it through this storage, such as a note in the dashboard, is read anew.
"""

from collections.abc import Iterable
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState


class WaitingTrials:
    """Remembers them."""

    def __init__(self) -> None:
        self._known: dict[int, FrozenTrial] = {}

    def keep(self, trials: Iterable[FrozenTrial]) -> None:
        """Remembers those of `trials` that wait, and forgets those that do so no more."""
        for trial in trials:
            if trial.state == TrialState.WAITING:
                self._known[trial._trial_id] = trial
            else:
                self.forget(trial._trial_id)

    def unchanged(self, heads: Iterable[tuple[int, TrialState, datetime | None]]) -> dict[int, FrozenTrial]:
        """Returns, by id, those that are as they were read.

        Args:
            heads: Of trials as they stand: id, state, and when they were claimed last.
        """
        found: dict[int, FrozenTrial] = {}
        for trial_id, state, claimed_at in heads:
            known = self._known.get(trial_id)
            if known is not None and state == TrialState.WAITING and claimed_at == known.datetime_start:
                found[trial_id] = known
        return found

    def forget(self, trial_id: int) -> None:
        """Reads it anew the next time."""
        self._known.pop(trial_id, None)
