"""The storage that all else uses: one of Optuna's and the ledger of its trials, with every call to both retried.

How long, and what a call that was sent twice can do, stands in `storage.retry`. It goes outside Optuna's caches
(`_CachedStorage`, the proxy client's own), which keep finished trials, so those stay in use. Optuna takes it as it is:
`get_storage` wraps a bare RDBStorage only.

Optuna's methods are spelled out, unlike the ledger's verbs: so the type checker compares each with Optuna's, and which
are passed on is a choice, since the base class makes some of others.
"""

from collections.abc import Callable, Container, Sequence
from functools import partial
from itertools import count
from typing import Any, ParamSpec, TypeVar

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from storage import retry
from storage.retry import RetryPolicy
from storage.trials.forwarding import forwarding_ledger
from storage.trials.ledger import TrialLedger

P = ParamSpec("P")
T = TypeVar("T")


class RetryingStorage(BaseStorage):
    """Passes every call on, and tries it again while its error is one that passes.

    Args:
        inner: The storage that does the work.
        inner_ledger: The ledger of its trials.
        shown: Its URL without secrets, for messages.
        policy: How long a failing call is tried again.
        close: Lets go of the inner storage's connections.

    Attributes:
        ledger: The ledger of its trials, each of whose verbs is tried again too.

    Raises:
        StorageUnavailableError: From any method, when the deadline is over.
    """

    def __init__(
        self,
        inner: BaseStorage,
        inner_ledger: TrialLedger,
        shown: str,
        policy: RetryPolicy,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.inner = inner
        self.inner_ledger = inner_ledger
        self.shown = shown
        self.policy = policy
        #: Lets go of the connections; call it when no thread uses the storage any more.
        self.close = close
        self.ledger = _retrying_ledger(inner_ledger, shown, policy)

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


def with_policy(storage: RetryingStorage, policy: RetryPolicy) -> RetryingStorage:
    """Returns the same storage (its caches too) under another retry policy."""
    return RetryingStorage(storage.inner, storage.inner_ledger, storage.shown, policy)


def _retrying_ledger(inner: TrialLedger, shown: str, policy: RetryPolicy) -> TrialLedger:
    """Makes a ledger that tries again; a claim is told that it may have been made by an earlier try."""

    def send(verb: str, arguments: dict[str, Any]) -> Any:
        tries = count()

        def attempt() -> Any:
            told = {"again": True} if next(tries) and verb == TrialLedger.claim_trial.__name__ else {}
            return getattr(inner, verb)(**arguments | told)

        return retry.call(attempt, policy, shown)

    return forwarding_ledger(send)
