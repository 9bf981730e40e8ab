"""The form of the proxy's calls, by whose number clients and proxies of different versions tell each other."""

import inspect
from dataclasses import fields

from storage import proxy_calls
from storage.leasing import Change, ClaimedTrial, LeasingStorage, Overview, QueueCounts, RunningTrial

NUMBER = "hpo.Leases.2"
CALLS = {
    "make_trials": "study_id budget window",
    "claim_trial": "study_id budget lease again",
    "change_trial": "trial_id held change",
    "running_trials": "study_id budget",
    "count_trials": "study_id budget",
    "count_finished_by": "study_id worker",
    "study_attributes": "study_id keys",
    "overview": "study_id budget",
}
RECORDS = {
    Change: "attributes params steps state value",
    ClaimedTrial: "trial_id number",
    Overview: "counts running best_id folds folds_of_pruned first_start last_ends",
    QueueCounts: "budget complete pruned failed running waiting",
    RunningTrial: "trial_id number claimed_at lease deaths",
}


def test_a_new_form_of_the_calls_has_a_new_number() -> None:
    """Where this fails because a call or a record has changed, raise the number in `storage.proxy_calls` and here."""
    calls = {
        name: " ".join(inspect.signature(getattr(LeasingStorage, name)).parameters).removeprefix("self ")
        for name in proxy_calls._NAMES
    }
    records = {record: " ".join(field.name for field in fields(record)) for record in RECORDS}
    assert (calls, records, proxy_calls._SERVICE) == (CALLS, RECORDS, NUMBER)
