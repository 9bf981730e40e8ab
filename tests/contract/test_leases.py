"""Dead workers are noticed and their trials go on; live ones are left alone; on every storage, with a clock of ours."""

from collections.abc import Callable

import pytest
from optuna.trial import TrialState
from sqlalchemy import event

from stale_watch import BUDGET, sweep_for
from storage.errors import LeaseLostError
from storage.studies import create_study
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import DEATHS, LEASE, REASON, At
from storage.trials.ledger import QueueCounts, TrialChange
from storage.trials.queue import TrialQueue
from storage.trials.stale import StaleWatch


def test_a_dead_worker_s_trial_goes_on_elsewhere_with_its_folds(queue, another, watch, clock, worker):
    claim = queue.claim(worker("dead"), BUDGET)
    queue.record(claim, TrialChange({"hpo:fold:0": {"accuracy": 0.75}}))
    assert sweep_for(watch, clock, 50) == []
    assert sweep_for(watch, clock, 10) == [claim.number]

    again = another.claim(worker("w2"), BUDGET)
    trial = another.storage.get_trial(again.trial_id)
    assert (again.number, trial.user_attrs["hpo:fold:0"]) == (claim.number, {"accuracy": 0.75})
    assert [(death["worker"], death["fold"]) for death in trial.user_attrs[DEATHS]] == [("dead", None)]
    with pytest.raises(LeaseLostError):
        queue.finish(claim, TrialState.COMPLETE, 0.5)
    another.finish(again, TrialState.COMPLETE, 0.75)
    assert queue.counts(BUDGET).complete == 1


def test_a_worker_that_beats_is_never_taken_for_dead(queue, watch, clock, worker):
    claim = queue.claim(worker(), BUDGET)
    heartbeat = Heartbeat(queue, claim)
    for _ in range(5):
        heartbeat.beat()
        assert sweep_for(watch, clock, 50) == []
    queue.finish(claim, TrialState.COMPLETE, 0.5)


def test_a_trial_that_runs_without_a_lease_goes_back_and_counts_no_death(queue, another, watch, clock, worker):
    """The trap: killed before the first beat, a trial of Optuna's stays RUNNING for ever."""
    queue.storage.ledger.make_trials(queue.study_id, BUDGET, BUDGET)
    trial = queue.storage.get_all_trials(queue.study_id)[0]
    queue.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
    assert sweep_for(watch, clock, 60) == [0]
    claim = another.claim(worker(), BUDGET)
    assert claim.number == 0
    assert DEATHS not in another.storage.get_trial(claim.trial_id).user_attrs


@pytest.mark.parametrize("damage", [7, {}, {"worker": "w1", "token": "t"}])
def test_a_trial_whose_lease_cannot_be_read_goes_back_and_counts_no_death(
    queue, another, watch, clock, worker, set_attribute, damage, caplog
):
    claim = queue.claim(worker(), BUDGET)
    set_attribute(claim.trial_id, LEASE, damage)
    assert [trial.lease for trial in another.running(BUDGET)] == [None]
    heartbeat = Heartbeat(queue, claim)
    heartbeat.beat()
    assert heartbeat.lost.is_set()
    assert watch.release_dead("w1", BUDGET) == []
    assert sweep_for(watch, clock, 60) == [0]
    assert "Trial 0 is put back: its lease cannot be read." in caplog.text
    again = another.claim(worker("w2"), BUDGET)
    assert again.number == 0
    assert DEATHS not in another.storage.get_trial(again.trial_id).user_attrs


def test_a_lease_that_cannot_be_read_and_changes_is_not_taken_back(
    queue, watch, clock, worker, another, set_attribute, monkeypatch
):
    claim = queue.claim(worker(), BUDGET)
    for beat in range(5):
        set_attribute(claim.trial_id, LEASE, {"of another version": beat})
        assert sweep_for(watch, clock, 50) == []
    clock.now += 10
    interrupted(monkeypatch, another, lambda: set_attribute(claim.trial_id, LEASE, {"beat": 5}))
    assert watch.sweep(BUDGET) == []


def test_a_death_is_added_to_what_stands_there(queue, another, watch, worker, set_attribute):
    """Whatever it is: an entry that cannot be read is kept, and counts for nothing."""
    claim = queue.claim(worker("dead"), BUDGET)
    set_attribute(claim.trial_id, DEATHS, [{"worker": "of another version"}])
    assert watch.release_dead("dead", BUDGET) == [0]
    first, second = another.storage.get_trial(claim.trial_id).user_attrs[DEATHS]
    assert first == {"worker": "of another version"}
    assert (second["worker"], second["token"]) == ("dead", claim.lease.token)


def test_a_trial_that_kills_its_workers_ends_as_fail_with_the_reason(queue, another, watch, clock, worker):
    for death in range(4):
        claim = another.claim(worker(f"w{death}"), 1)
        heartbeat = Heartbeat(another, claim)
        heartbeat.at = At(fold=death)
        heartbeat.beat()
        assert sweep_for(watch, clock, 60) == [0]
    assert queue.counts(1) == QueueCounts(1, failed=1)
    trial = queue.storage.get_trial(claim.trial_id)
    assert "4 workers died" in trial.user_attrs[REASON]
    assert [death["fold"] for death in trial.user_attrs[DEATHS]] == [0, 1, 2, 3]


def test_while_the_storage_is_away_for_everybody_nobody_dies(queue, watch, clock, worker):
    heartbeat = Heartbeat(queue, queue.claim(worker(), BUDGET))
    heartbeat.beat()
    assert sweep_for(watch, clock, 20) == []
    clock.now += 600  # neither beats nor sweeps
    assert watch.sweep(BUDGET) == []
    clock.now += 5
    heartbeat.beat()
    assert sweep_for(watch, clock, 50) == []


def test_a_child_that_is_known_to_be_dead_is_not_waited_for(queue, watch, worker):
    dead, alive = queue.claim(worker("child-1"), BUDGET), queue.claim(worker("child-2"), BUDGET)
    assert watch.release_dead("child-1", BUDGET) == [dead.number]
    assert watch.release_dead("child-1", BUDGET) == []
    assert queue.counts(BUDGET).running == 1
    assert [queue.finished_by(name) for name in ("child-1", "child-2")] == [0, 0]
    queue.finish(alive, TrialState.COMPLETE, 0.5)
    assert [queue.finished_by(name) for name in ("child-1", "child-2")] == [0, 1]


def test_how_a_worker_died_is_recorded_and_told(queue, another, watch, worker):
    for death in range(4):
        claim = another.claim(worker(f"w{death}"), 1)
        assert watch.release_dead(f"w{death}", 1, "killed by SIGKILL") == [0]
    trial = queue.storage.get_trial(claim.trial_id)
    assert trial.state == TrialState.FAIL
    assert trial.user_attrs[REASON].endswith("killed by SIGKILL.")
    assert {death["how"] for death in trial.user_attrs[DEATHS]} == {"killed by SIGKILL"}


def test_a_watch_does_not_mistake_a_new_claim_for_the_old_one(queue, another, watch, clock, worker):
    queue.put_back(queue.claim(worker(), 1))
    assert sweep_for(watch, clock, 50) == []
    queue.claim(worker(), 1)
    assert sweep_for(watch, clock, 50) == []


def interrupted(monkeypatch: pytest.MonkeyPatch, queue: TrialQueue, happens: Callable[[], None]) -> None:
    """Lets something happen after the next sweep has looked and before it writes."""
    running = queue.running

    def look_and_stop(budget):
        seen = running(budget)
        monkeypatch.undo()
        happens()
        return seen

    monkeypatch.setattr(queue, "running", look_and_stop)


@pytest.mark.parametrize("what", ["finish", "beat"])
def test_a_worker_that_shows_itself_as_it_is_given_up_is_alive(queue, another, watch, clock, worker, monkeypatch, what):
    claim = queue.claim(worker(), BUDGET)
    sweep_for(watch, clock, 50)
    happens = {"finish": lambda: queue.finish(claim, TrialState.COMPLETE, 0.5), "beat": Heartbeat(queue, claim).beat}
    interrupted(monkeypatch, another, happens[what])
    clock.now += 10
    assert watch.sweep(BUDGET) == []
    assert DEATHS not in queue.storage.get_trial(claim.trial_id).user_attrs
    assert queue.counts(BUDGET).complete == (what == "finish")


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_a_watch_that_dies_while_it_takes_back_has_done_nothing(kind, request, open_url, clock, worker):
    """The trap: Optuna's FAIL-then-requeue loses the trial when it is cut in two."""
    storage = open_url(request.getfixturevalue(kind))
    queue = TrialQueue(storage, create_study(storage, "s").study_id)
    claim = queue.claim(worker("dead"), BUDGET)
    cut, after = (StaleWatch(queue, clock=clock) for _ in range(2))
    before = repr(storage.get_trial(claim.trial_id))

    def power_cut(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE trials"):
            raise PowerCut

    event.listen(storage.inner.engine, "before_cursor_execute", power_cut)
    with pytest.raises(PowerCut):
        sweep_for(cut, clock, 60)
    event.remove(storage.inner.engine, "before_cursor_execute", power_cut)
    assert repr(storage.get_trial(claim.trial_id)) == before
    assert sweep_for(after, clock, 60) == [claim.number]
    trial = storage.get_trial(claim.trial_id)
    assert (trial.state, trial.user_attrs[LEASE]) == (TrialState.WAITING, None)
    assert [death["worker"] for death in trial.user_attrs[DEATHS]] == ["dead"]


@pytest.mark.parametrize("claimed_again", [False, True])
def test_two_watches_at_once_take_a_trial_back_once(queue, another, clock, worker, monkeypatch, claimed_again):
    """The second comes between the first one's look and its write; a third worker may hold the trial by then."""
    dead = queue.claim(worker("dead"), 1)
    watches = [StaleWatch(each, clock=clock) for each in (queue, another)]
    for _ in range(6):
        assert [watch.sweep(1) for watch in watches] == [[], []]
        clock.now += 10
    claims = []

    def the_other_goes_first():
        assert watches[1].sweep(1) == [dead.number]
        if claimed_again:
            claims.append(another.claim(worker("w3"), 1))

    interrupted(monkeypatch, queue, the_other_goes_first)
    assert watches[0].sweep(1) == []
    assert len(another.storage.get_trial(dead.trial_id).user_attrs[DEATHS]) == 1
    if claimed_again:
        another.finish(claims[0], TrialState.COMPLETE, 0.5)
    else:
        assert another.counts(1) == QueueCounts(1, waiting=1)


class PowerCut(BaseException):
    """The process is gone."""
