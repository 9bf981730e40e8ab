"""A study with workers at it is not deleted; of dead ones, their leases' silence tells."""

from dataclasses import replace

import pytest

from hpo.deleting import Terms, plan_study
from hpo.deleting.at_work import check_nobody_works
from hpo.errors import HpoError
from stale_watch import Clock
from storage.studies import study_names
from storage.trials.lease import WorkerIdentity
from storage.trials.ledger import TrialChange


@pytest.fixture
def identity() -> WorkerIdentity:
    return WorkerIdentity(worker="laptop-1", host="laptop", pid=1, device="cuda:0")


def test_a_worker_that_beats_is_named(beside, identity) -> None:
    opened, clock = beside.make("s"), Clock()
    claim = opened.queue.claim(identity, 3)
    begun = clock.now

    def wait(seconds: float) -> None:
        clock.now += seconds
        if clock.now - begun >= 10:
            opened.queue.record(claim, TrialChange(lease=replace(claim.lease, beat=1)))

    with pytest.raises(HpoError, match=r"laptop-1 on cuda:0 \(trial 0\)") as refused:
        check_nobody_works(opened.storage, opened.handle, 60.0, wait, clock)
    assert "hpo pause --study s" in refused.value.next_step
    assert 10 <= clock.now - begun < 12  # not after the lease's whole time


def test_who_is_silent_for_the_lease_s_time_is_dead(beside, identity) -> None:
    opened, clock = beside.make("s"), Clock()
    opened.queue.claim(identity, 3)
    begun = clock.now

    def wait(seconds: float) -> None:
        clock.now += seconds

    (dead,) = check_nobody_works(opened.storage, opened.handle, 60.0, wait, clock)
    assert (dead.number, dead.lease.worker) == (0, "laptop-1")
    assert 60 <= clock.now - begun < 62


def test_a_worker_that_comes_while_somebody_is_asked_keeps_the_study(beside, identity) -> None:
    opened = beside.make("s")
    plan = plan_study(beside.address("s"), Terms())
    opened.queue.claim(identity, 3)
    with pytest.raises(HpoError, match="1 trial is at work on study 's'"):
        plan.run()
    assert study_names(opened.storage) == ["s"]
