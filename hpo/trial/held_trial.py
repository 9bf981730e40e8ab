"""A trial of Optuna's that this worker holds: whatever is written to it goes in one transaction under the lease.

Left to itself, Optuna writes a parameter or an intermediate value at a time, and whoever was taken for dead meanwhile
writes to a trial that is another's.
"""

from collections.abc import Callable
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import BaseStorage

from storage.trials.ledger import TrialChange


class HeldTrial:
    """A RUNNING trial under our lease.

    Args:
        study: With the trial's own sampler and the study's pruner.
        trial_id: The storage's id of the trial.
        record: Writes to the trial while we hold it, and raises when we no longer do.
    """

    def __init__(self, study: optuna.Study, trial_id: int, record: Callable[[TrialChange], None]) -> None:
        self.study_name = study.study_name
        self._record = record
        self._proposed = _Proposed(study._storage)
        #: To ask the sampler for parameters, the usual way.
        self.trial = optuna.trial.Trial(study, trial_id)
        self.trial.storage = cast(BaseStorage, self._proposed)

    @property
    def number(self) -> int:
        """Its number in the study."""
        return self.trial.number

    @property
    def attributes(self) -> dict[str, Any]:
        """Its user attributes."""
        return self.trial.user_attrs

    def record(self, attributes: dict[str, Any], steps: dict[int, float] | None = None) -> None:
        """Writes user attributes, intermediate values by step, and what the sampler has proposed since the last time.

        Raises:
            LeaseLostError: We no longer hold the trial.
        """
        self._record(TrialChange(attributes, self._proposed.take(), steps or {}))
        # Optuna's own copy, which the pruners look at, knows nothing of what went past it.
        known = self.trial._cached_frozen_trial
        known.user_attrs.update(attributes)
        known.intermediate_values.update(steps or {})

    def should_prune(self) -> bool:
        """What the study's pruner says."""
        return self.trial.should_prune()


class _Proposed:
    """A storage that keeps parameters back, to be written together; for all else it is the storage."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage
        self._params: dict[str, tuple[float, str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def set_trial_param(self, trial_id: int, name: str, value: float, distribution: BaseDistribution) -> None:
        self._params[name] = (value, distribution_to_json(distribution))

    def take(self) -> dict[str, tuple[float, str]]:
        taken, self._params = self._params, {}
        return taken
