"""The form of the proxy's calls, by whose number clients and proxies of different versions tell each other."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import get_type_hints

from storage.proxy import calls
from storage.trials.forwarding import VERBS
from storage.trials.lease import Death, Lease, StoredLease
from storage.trials.ledger import (
    ClaimedTrial,
    Overview,
    QueueCounts,
    RunningTrial,
    StoredHint,
    TrialChange,
    TrialLedger,
)

RECORDS = (TrialChange, ClaimedTrial, Lease, StoredLease, Death, Overview, QueueCounts, RunningTrial, StoredHint)
NUMBER = "hpo.Leases.8"
FORM = """
make_trials(self, study_id: int, budget: int, window: int) -> bool
claim_trial(self, study_id: int, budget: int, lease: Lease, wanted: Union[int,
    Literal['new'], NoneType] = None, again: bool = False) -> ClaimedTrial | None
change_trial(self, trial_id: int, held: str | StoredLease, change: TrialChange) -> bool
set_hint(self, trial_id: int, fold: int, seen: Any, told: Optional[Mapping[str, Any]]) -> bool
hints_in(self, trial_id: int) -> dict[int, Any]
running_trials(self, study_id: int, budget: int) -> list[RunningTrial]
count_trials(self, study_id: int, budget: int) -> QueueCounts
count_finished_by(self, study_id: int, worker: str) -> int
study_attributes(self, study_id: int, keys: list[str]) -> dict[str, Any]
overview(self, study_id: int, budget: int) -> Overview
TrialChange(attributes: Mapping[str, Any], params: Mapping[str, tuple[float, str]], steps: Mapping[int, float], state:
    TrialState | None, value: float | None, lease: Lease | None, death: Death | None)
ClaimedTrial(trial_id: int, number: int)
Lease(worker: str, host: str, pid: int, device: str, fold: int | None, epochs: int, rows_per_s: float | None,
    token: str, beat: int, renewed_at: float)
StoredLease(text: str | None)
Death(worker: str, when: str, fold: int | None, token: str, how: str)
Overview(counts: QueueCounts, running: list[RunningTrial], best_id: int | None, folds: int, folds_of_pruned: int,
    last_folds: list[str], parked: int, folds_of_parked: int, hints: list[StoredHint])
QueueCounts(budget: int, complete: int, pruned: int, failed: int, running: int, waiting: int, foreign: int)
RunningTrial(trial_id: int, number: int, claimed_at: datetime | None, stored: StoredLease, deaths: list[Death])
StoredHint(trial_id: int, number: int, fold: int, text: str)
"""


def form_of_today() -> Iterator[str]:
    for name in VERBS:
        yield f"{name}{_signature(getattr(TrialLedger, name))}"
    for record in RECORDS:
        told = ", ".join(f"{name}: {_spelled(hint)}" for name, hint in get_type_hints(record).items())
        yield f"{record.__name__}({told})"


def _signature(verb: Callable[..., object]) -> inspect.Signature:
    """A verb's, with types without their bounds."""
    hints, signature = get_type_hints(verb), inspect.signature(verb)
    told = [each.replace(annotation=hints.get(name, each.empty)) for name, each in signature.parameters.items()]
    return signature.replace(parameters=told, return_annotation=hints["return"])


def _spelled(hint: object) -> str:
    """A type without its bounds, and an optional one as it is written."""
    return re.sub(r"^(?:typing\.)?Optional\[(.*)\]$", r"\1 | None", inspect.formatannotation(hint))


def test_a_new_form_of_the_calls_has_a_new_number() -> None:
    """Where this fails because a call or a record has changed, raise the number in `storage.proxy.calls` and here."""
    # Names without their modules.
    today = re.sub(r"\b(?:\w+\.)+(?=\w)", "", " ".join(form_of_today()))
    assert (today.split(), calls.SERVICE) == (FORM.split(), NUMBER)
