"""A storage like any other of Optuna's whose every call is retried as `storage.retry` says.

It goes outside Optuna's caches (`_CachedStorage`, the proxy client's own), which keep finished trials, so
those stay in use. Optuna takes it as it is: `get_storage` wraps a bare RDBStorage only.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, ParamSpec, TypeVar

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from storage import retry
from storage.retry import RetryPolicy
from storage.trials.ledger import ClaimedTrial, Overview, QueueCounts, RunningTrial, TrialChange, TrialLedger

P = ParamSpec("P")
T = TypeVar("T")


class RetryingStorage(TrialLedger):
    """Passes every call on, and tries it again while its error is one that passes.

    Args:
        inner: The storage that does the work.
        shown: Its URL without secrets, for messages.
        policy: How long a failing call is tried again.
        close: Lets go of the inner storage's connections.

    Raises:
        StorageUnavailableError: From any method, when the deadline is over.
    """

    def __init__(
        self, inner: TrialLedger, shown: str, policy: RetryPolicy, close: Callable[[], None] = lambda: None
    ) -> None:
        self.inner = inner
        self.shown = shown
        self.policy = policy
        #: Lets go of the connections; call it when no thread uses the storage any more.
        self.close = close

    def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return retry.call(partial(function, *args, **kwargs), self.policy, self.shown)

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        return self._call(self.inner.create_new_study, directions, study_name)

    def delete_study(self, study_id: int) -> None:
        self._call(self.inner.delete_study, study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self._call(self.inner.set_study_user_attr, study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._call(self.inner.set_study_system_attr, study_id, key, value)

    def get_study_id_from_name(self, study_name: str) -> int:
        return self._call(self.inner.get_study_id_from_name, study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._call(self.inner.get_study_name_from_id, study_id)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._call(self.inner.get_study_directions, study_id)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._call(self.inner.get_study_user_attrs, study_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._call(self.inner.get_study_system_attrs, study_id)

    def get_all_studies(self) -> list[FrozenStudy]:
        return self._call(self.inner.get_all_studies)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        return self._call(self.inner.create_new_trial, study_id, template_trial)

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        self._call(self.inner.set_trial_param, trial_id, param_name, param_value_internal, distribution)

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return self._call(self.inner.get_trial_id_from_study_id_trial_number, study_id, trial_number)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        return self._call(self.inner.set_trial_state_values, trial_id, state, values)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        self._call(self.inner.set_trial_intermediate_value, trial_id, step, intermediate_value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._call(self.inner.set_trial_user_attr, trial_id, key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._call(self.inner.set_trial_system_attr, trial_id, key, value)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self._call(self.inner.get_trial, trial_id)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return self._call(self.inner.get_all_trials, study_id, deepcopy, states)

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        return self._call(self.inner.get_best_trial, study_id)

    def remove_session(self) -> None:
        self.inner.remove_session()

    def make_trials(self, study_id: int, budget: int, window: int) -> bool:
        return self._call(self.inner.make_trials, study_id, budget, window)

    def claim_trial(
        self, study_id: int, budget: int, lease: Mapping[str, Any], again: bool = False
    ) -> ClaimedTrial | None:
        tries = count()
        return self._call(lambda: self.inner.claim_trial(study_id, budget, lease, again or next(tries) > 0))

    def change_trial(self, trial_id: int, held: Mapping[str, Any] | None, change: TrialChange) -> bool:
        return self._call(self.inner.change_trial, trial_id, held, change)

    def running_trials(self, study_id: int, budget: int) -> list[RunningTrial]:
        return self._call(self.inner.running_trials, study_id, budget)

    def count_trials(self, study_id: int, budget: int) -> QueueCounts:
        return self._call(self.inner.count_trials, study_id, budget)

    def count_finished_by(self, study_id: int, worker: str) -> int:
        return self._call(self.inner.count_finished_by, study_id, worker)

    def study_attributes(self, study_id: int, keys: list[str]) -> dict[str, Any]:
        return self._call(self.inner.study_attributes, study_id, keys)

    def overview(self, study_id: int, budget: int) -> Overview:
        return self._call(self.inner.overview, study_id, budget)


def with_policy(storage: TrialLedger, policy: RetryPolicy) -> TrialLedger:
    """Returns the same storage (its caches too) under another retry policy."""
    if isinstance(storage, RetryingStorage):
        return RetryingStorage(storage.inner, storage.shown, policy)
    return storage
