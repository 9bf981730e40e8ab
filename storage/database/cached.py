"""The database as a process sees it: Optuna's cache of finished trials, and ours of none.

What hands trials out goes past the cache, as what other processes do. The cache reads every unfinished trial anew at
each listing, so it never shows what has changed since.
"""

import copy
from collections.abc import Container, Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages._cached_storage import _CachedStorage
from optuna.trial import FrozenTrial, TrialState

from storage.database import transactions
from storage.database.rdb import Database
from storage.trials.by_number import by_number
from storage.trials.ledger import ClaimedTrial, Overview, QueueCounts, RunningTrial, TrialChange, TrialLedger


class CachedDatabase(_CachedStorage, TrialLedger):
    """Optuna's cache over `storage.database.rdb`, with the leases of `storage.database.transactions`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database
        self.engine = database.engine

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Sets a parameter of any trial; Optuna's cache knows none that it has not by_number."""
        if trial_id not in self._trial_id_to_study_id_and_number:
            self._read_trials_from_remote_storage(self._database.study_of(trial_id))
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Returns a study's trials by number (source: optuna 5.0.0, storages/_cached_storage.py)."""
        self._read_trials_from_remote_storage(study_id)
        with self._lock:
            trials = by_number(self._studies[study_id].trials, states)
            return copy.deepcopy(trials) if deepcopy else trials

    def make_trials(self, study_id: int, budget: int, window: int) -> bool:
        with self.engine.begin() as connection:
            return transactions.make(connection, study_id, budget, window)

    def claim_trial(
        self, study_id: int, budget: int, lease: Mapping[str, Any], again: bool = False
    ) -> ClaimedTrial | None:
        with self.engine.begin() as connection:
            earlier = transactions.claimed(connection, study_id, lease["token"]) if again else None
            return earlier or transactions.claim(connection, study_id, budget, lease)

    def change_trial(self, trial_id: int, held: Mapping[str, Any] | None, change: TrialChange) -> bool:
        with self.engine.begin() as connection:
            return transactions.change(connection, trial_id, held, change)

    def running_trials(self, study_id: int, budget: int) -> list[RunningTrial]:
        with self.engine.begin() as connection:
            return transactions.running(connection, study_id, budget)

    def count_trials(self, study_id: int, budget: int) -> QueueCounts:
        with self.engine.begin() as connection:
            return transactions.count(connection, study_id, budget)

    def count_finished_by(self, study_id: int, worker: str) -> int:
        with self.engine.begin() as connection:
            return transactions.count_finished_by(connection, study_id, worker)

    def study_attributes(self, study_id: int, keys: list[str]) -> dict[str, Any]:
        with self.engine.begin() as connection:
            return transactions.study_attributes(connection, study_id, keys)

    def overview(self, study_id: int, budget: int) -> Overview:
        with self.engine.begin() as connection:
            return transactions.overview(connection, study_id, budget)
