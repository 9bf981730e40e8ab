"""An opened study: its contract, its queue and its artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from optuna.pruners import BasePruner

from hpo.search.pruner import pruner_named
from hpo.search.sampler import sampler_for
from hpo.search.warm import Earlier, WarmStarted
from hpo.stop_times import STORAGE_HURRY_S
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, CONTRACT, PAUSED, read_orders
from hpo.study.contract import Contract, parse
from hpo.study.earlier import read_earlier
from hpo.study.objective import fold_scores
from hpo.study.own_trials import OwnStudy, OwnTrials
from hpo.study.ownership import check_made_here
from storage.artifacts import ArtifactStore, open_artifacts
from storage.connection import open_storage
from storage.retry import RetryPolicy
from storage.retrying_storage import RetryingStorage, with_policy
from storage.studies import StudyHandle, find_study
from storage.trials.queue import TrialQueue


@dataclass(frozen=True, kw_only=True)
class OpenedStudy:
    """One study, opened."""

    #: Where it lives, its name filled in.
    address: StudyAddress
    storage: RetryingStorage
    handle: StudyHandle
    contract: Contract
    artifacts: ArtifactStore
    queue: TrialQueue
    #: One for all trials: it remembers what it has read.
    pruner: BasePruner
    #: Configurations of an earlier study that the search begins from, the best first.
    earlier: Sequence[Earlier] = ()
    #: As the pruner.
    own: OwnTrials = field(default_factory=OwnTrials)

    def in_a_hurry(self, seconds: float = STORAGE_HURRY_S) -> "OpenedStudy":
        """The same study, for calls that must not wait long for a storage that is away."""
        storage = with_policy(self.storage, RetryPolicy(deadline_s=seconds))
        handle = replace(self.handle, storage=storage)
        return replace(self, storage=storage, handle=handle, queue=TrialQueue(storage, handle.study_id))

    def for_another_thread(self) -> "OpenedStudy":
        """The same study, for a thread beside this one: a pruner remembers what it was asked last."""
        return replace(self, pruner=_pruner_of(self.contract))

    @property
    def orders(self) -> tuple[int, bool]:
        """Budget and pause; errors as `orders_among`."""
        return self.orders_among(self.attributes(BUDGET, PAUSED))

    def orders_among(self, attributes: Mapping[str, Any]) -> tuple[int, bool]:
        """Budget and pause, among attributes of the study that were just read.

        Raises:
            StudyNotFoundError: The study was deleted.
            ContractError: They are nothing that workers could follow.
        """
        if BUDGET not in attributes:
            self.handle.check_it_is_there()
        return read_orders(attributes, self.handle.name)

    def attributes(self, *names: str) -> dict[str, Any]:
        """Some attributes of the study, those that it has, in one read: its contract is long, and workers ask often."""
        return self.storage.ledger.study_attributes(self.handle.study_id, list(names))

    @property
    def budget(self) -> int:
        """Trials to finish; `hpo extend` raises it."""
        return self.orders[0]

    @property
    def paused(self) -> bool:
        """Whether workers are to wait."""
        return self.orders[1]

    def study(self, trial_number: int) -> OwnStudy:
        """Optuna's study as far as it is ours, with the sampler of one trial."""
        search = self.contract.search
        sampler = sampler_for(
            search.sampler,
            search.space.distributions,
            startup_trials=search.trials_before_tpe,
            seed=self.contract.seed,
            number=trial_number,
        )
        if self.earlier:
            sampler = WarmStarted(sampler, self.earlier, search.space.distributions)
        return self._study.with_sampler(sampler)

    @cached_property
    def _study(self) -> OwnStudy:
        return OwnStudy(
            self.own,
            parks=self.contract.search.pruner == "chance",
            study_name=self.handle.name,
            storage=self.storage,
            pruner=self.pruner,
        )


def open_study(address: StudyAddress, opening: RetryPolicy | None = None, threads: int = 2) -> OpenedStudy:
    """Opens a study of ours.

    Args:
        address: Where it lives; without a name where the storage holds one study.
        opening: How long storage and artifacts may take to answer for the first time.
        threads: How many may talk to the storage at once; a worker has two.

    Raises:
        StorageError: The storage does not answer, or holds no such study.
        ContractError: The study was not made by `hpo create-study`, or not to its end.
    """
    storage = open_storage(address.storage, opening=opening, pool_size=threads)
    handle = find_study(storage, address.study)
    check_made_here(handle)
    attributes = handle.attributes()
    contract = parse(attributes[CONTRACT], handle.name)
    return OpenedStudy(
        address=replace(address, study=handle.name),
        storage=storage,
        handle=handle,
        contract=contract,
        artifacts=open_artifacts(address.artifact_location, opening=opening),
        queue=TrialQueue(storage, handle.study_id),
        pruner=_pruner_of(contract),
        earlier=read_earlier(attributes, contract.search.space),
    )


def _pruner_of(contract: Contract) -> BasePruner:
    scores = partial(fold_scores, objective=contract.search.objective)
    return pruner_named(contract.search.pruner, contract.splitting.folds, scores)
