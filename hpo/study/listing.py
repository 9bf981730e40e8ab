"""The studies of a storage: what each is, how far it is, and which are another program's."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from optuna.trial import FrozenTrial

from hpo.choices import OBJECTIVE, Objective
from hpo.errors import HpoError
from hpo.objectives import measured
from hpo.study.address import StudyAddress
from hpo.study.answers import last_answered
from hpo.study.attributes import CONTRACT, fold_accuracies, read_orders
from hpo.study.contract import parse
from hpo.study.ownership import check_made_here
from storage.connection import open_storage
from storage.retrying_storage import RetryingStorage
from storage.studies import StudyHandle, study_names


@dataclass(frozen=True, kw_only=True)
class ListedStudy:
    """A study in a list."""

    study: str
    #: "open", "paused", "done" or "answered"; "unreadable" where it is none that this version works on.
    state: str
    finished: int = 0
    budget: int = 0
    #: Trials under a lease.
    running: int = 0
    #: What trials are compared by.
    objective: Objective = OBJECTIVE
    best_cv_accuracy: float | None = None
    #: What was measured of the objective.
    best_cv_score: float | None = None
    #: Genes, development and test.
    genes: int = 0
    #: ISO 8601, UTC.
    made: str | None = None
    #: Why it is unreadable.
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As `hpo studies --json` prints it."""
        return asdict(self)


def list_studies(address: StudyAddress) -> list[ListedStudy]:
    """Lists all studies of a storage, oldest first.

    Args:
        address: Of the storage; its study and artifacts are not looked at.

    Raises:
        StorageError: The storage does not answer.
    """
    storage = open_storage(address.storage)
    found: list[ListedStudy] = []
    for name in study_names(storage):
        with suppress(KeyError):  # deleted since its name was read
            found.append(describe(storage, name))
    return found


def describe(storage: RetryingStorage, name: str) -> ListedStudy:
    """Tells how one study stands; of one that is none of ours, why it is unreadable.

    Raises:
        KeyError: There is none.
    """
    try:
        return _listed(storage, name)
    except HpoError as error:
        return ListedStudy(study=name, state="unreadable", reason=error.message)


def _listed(storage: RetryingStorage, name: str) -> ListedStudy:
    handle = StudyHandle(storage, storage.get_study_id_from_name(name), name)
    check_made_here(handle)
    attributes = handle.attributes()
    contract = parse(attributes[CONTRACT], name)
    budget, paused = read_orders(attributes, name)
    overview, objective = storage.ledger.overview(handle.study_id, budget), contract.search.objective
    best = None if overview.best_id is None else storage.get_trial(overview.best_id)
    accuracy = None if best is None else _accuracy(best)
    return ListedStudy(
        study=name,
        state=_state(attributes, budget, paused, overview.counts.is_spent),
        finished=overview.counts.finished,
        budget=budget,
        running=overview.counts.running,
        objective=objective,
        best_cv_accuracy=accuracy,
        best_cv_score=accuracy if best is None or objective == "accuracy" else measured(objective, best.value or 0.0),
        genes=contract.data.development.rows + contract.data.test.rows,
        made=contract.created,
    )


def _state(attributes: Mapping[str, Any], budget: int, paused: bool, spent: bool) -> str:
    if spent:
        return "done" if last_answered(attributes, budget) is None else "answered"
    return "paused" if paused else "open"


def _accuracy(trial: FrozenTrial) -> float | None:
    accuracies = fold_accuracies(trial.user_attrs)
    return sum(accuracies) / len(accuracies) if accuracies else trial.value
