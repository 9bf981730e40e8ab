"""The database as a process sees it: through Optuna's cache of finished trials.

What hands trials out goes past the cache (`storage.database.transactions`), as what other processes do. The cache reads
every unfinished trial anew at each listing, so it never shows what has changed since.
"""

import copy
from collections.abc import Container

from optuna.distributions import BaseDistribution
from optuna.storages._cached_storage import _CachedStorage
from optuna.trial import FrozenTrial, TrialState

from storage.database.rdb import Database
from storage.trials.by_number import by_number


class CachedDatabase(_CachedStorage):
    """Optuna's cache over `storage.database.rdb`.

    Args:
        database: What is read and written.

    Attributes:
        engine: The database's.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database
        self.engine = database.engine

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Sets a parameter of any trial; Optuna's cache knows none that it has not listed."""
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
