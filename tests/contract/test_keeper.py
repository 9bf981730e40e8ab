"""The thread that renews a lease, and what is left where its process is killed."""

import dataclasses

import pytest
from optuna.trial import TrialState

from stale_watch import BUDGET, sweep_for
from storage.errors import LeaseLostError
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import DEATHS, At, lease_of


def test_the_keeper_s_thread_renews_until_it_is_left(queue, another, worker, eventually):
    claim = queue.claim(worker(), BUDGET)
    with Heartbeat(queue, claim, beat_interval_s=0.01, wall_clock=lambda: 77.0) as heartbeat:
        heartbeat.at = At(fold=2)
        eventually(lambda: lease_of(another.storage.get_trial(claim.trial_id)).beat >= 3)
    left = lease_of(another.storage.get_trial(claim.trial_id))
    assert left == dataclasses.replace(claim.lease, beat=left.beat, fold=2, renewed_at=77.0)
    assert not heartbeat.lost.is_set()
    heartbeat.check()


@pytest.mark.parametrize("what", ["put back", "taken", "ended"])
def test_the_keeper_notices_that_the_trial_is_gone(queue, another, worker, eventually, what):
    claim = queue.claim(worker(), 1)
    with Heartbeat(queue, claim, beat_interval_s=0.05) as heartbeat:
        if what == "ended":
            another.storage.set_trial_state_values(claim.trial_id, TrialState.FAIL)
        else:
            another.storage.set_trial_state_values(claim.trial_id, TrialState.WAITING)
        if what == "taken":
            assert another.claim(worker("w2"), 1).number == claim.number
        eventually(heartbeat.lost.is_set)
        with pytest.raises(LeaseLostError):
            heartbeat.check()


def test_a_process_that_is_killed_leaves_a_trial_that_goes_on(url, study, queue, watch, clock, processes, worker):
    process = processes(url, "victim", BUDGET, "die")
    study.set("go", True)
    assert process.wait(timeout=60) == -9
    assert queue.counts(BUDGET).running == 1
    assert sweep_for(watch, clock, 60) == [0]
    claim = queue.claim(worker(), BUDGET)
    trial = queue.storage.get_trial(claim.trial_id)
    assert (claim.number, trial.user_attrs["hpo:fold:0"]) == (0, {"accuracy": 0.75})
    assert [death["worker"] for death in trial.user_attrs[DEATHS]] == ["victim"]
