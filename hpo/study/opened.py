"""An opened study: its contract, its queue and its artifacts."""

from dataclasses import dataclass, replace

import optuna
from optuna.pruners import BasePruner

from hpo.errors import ContractError
from hpo.search.pruner import pruner_named
from hpo.search.sampler import sampler_for
from hpo.study.attributes import BUDGET, CONTRACT, PAUSED
from hpo.study.contract import Contract, parse
from storage.artifacts import ArtifactStore, default_artifact_location, open_artifacts
from storage.connection import open_storage
from storage.retry import RetryPolicy
from storage.retrying_storage import RetryingStorage, with_policy
from storage.studies import StudyHandle, find_study
from storage.trials.queue import TrialQueue


@dataclass(frozen=True, kw_only=True)
class OpenedStudy:
    """One study, opened."""

    storage: RetryingStorage
    handle: StudyHandle
    contract: Contract
    artifacts: ArtifactStore
    queue: TrialQueue
    #: One for all trials: it remembers what it has read.
    pruner: BasePruner

    def in_a_hurry(self, seconds: float = 5.0) -> "OpenedStudy":
        """The same study, for calls that must not wait long for a storage that is away."""
        storage = with_policy(self.storage, RetryPolicy(deadline_s=seconds))
        handle = replace(self.handle, storage=storage)
        return replace(self, storage=storage, handle=handle, queue=TrialQueue(storage, handle.study_id))

    @property
    def orders(self) -> tuple[int, bool]:
        """Budget and pause, in one read."""
        attributes = self.storage.ledger.study_attributes(self.handle.study_id, [BUDGET, PAUSED])
        return int(attributes[BUDGET]), bool(attributes.get(PAUSED, False))

    @property
    def budget(self) -> int:
        """Trials to finish; `hpo extend` raises it."""
        return self.orders[0]

    @property
    def paused(self) -> bool:
        """Whether workers are to wait."""
        return self.orders[1]

    def study(self, trial_number: int) -> optuna.Study:
        """Optuna's study, with the sampler of one trial."""
        return optuna.Study(
            study_name=self.handle.name,
            storage=self.storage,
            sampler=sampler_for(self.contract.search, self.contract.seed, trial_number),
            pruner=self.pruner,
        )


def open_study(
    storage_url: str, study: str | None, artifacts: str | None, opening: RetryPolicy | None = None
) -> OpenedStudy:
    """Open a study of ours.

    Args:
        storage_url: As the user gave it.
        study: Its name; None where the storage holds one study.
        artifacts: As the user gave it; None for the place beside the storage.
        opening: How long storage and artifacts may take to answer for the first time.

    Raises:
        StorageError: The storage does not answer, or holds no such study.
        ContractError: The study was not made by `hpo create-study`.
    """
    storage = open_storage(storage_url, opening=opening)
    handle = find_study(storage, study)
    attributes = handle.attributes()
    if CONTRACT not in attributes:
        raise ContractError(
            f"Study {handle.name!r} was not made by `hpo create-study`, or its making was cut short.",
            "Run `hpo create-study` for it again.",
        )
    contract = parse(attributes[CONTRACT], handle.name)
    store = open_artifacts(artifacts or default_artifact_location(storage_url), opening=opening)
    queue = TrialQueue(storage, handle.study_id)
    pruner = pruner_named(contract.search.pruner, contract.splitting.folds)
    return OpenedStudy(storage=storage, handle=handle, contract=contract, artifacts=store, queue=queue, pruner=pruner)
