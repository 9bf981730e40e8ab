"""The exact budget while many claim, change and join at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import psycopg
import pytest
from optuna.trial import TrialState

from storage.errors import LeaseLostError
from storage.studies import create_study
from storage.trials.ledger import QueueCounts
from storage.trials.queue import TrialQueue
from trial_numbers import numbers


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_many_that_claim_at_once_all_get_one_and_none_waits_for_another(kind, request, open_url, worker):
    """The trap: when all try the first in a list, two of three tries are lost races."""
    url = request.getfixturevalue(kind)
    study = create_study(open_url(url), "s")
    queues = [TrialQueue(open_url(url), study.study_id, window=24) for _ in range(8)]
    with ThreadPoolExecutor(len(queues)) as pool:
        claims = pool.map(lambda queue: [queue.claim(worker(), 24).number for _ in range(3)], queues)
        assert sorted(chain.from_iterable(claims)) == list(range(24))


def test_a_locked_trial_is_passed_over(postgres_url, open_url, worker):
    """Another is in the middle of its claim, and its network has just been cut."""
    study = create_study(open_url(postgres_url), "s")
    queue = TrialQueue(study.storage, study.study_id, window=3)
    queue.storage.ledger.make_trials(study.study_id, 3, 3)
    with psycopg.connect(postgres_url) as cut:
        cut.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 0")
        assert [queue.claim(worker(), 3).number for _ in range(2)] == [1, 2]
        assert queue.claim(worker(), 3) is None
        cut.rollback()
    assert queue.claim(worker(), 3).number == 0


@pytest.mark.parametrize("other", ["put back", "finished", "taken"])
def test_a_change_waits_for_another_s_and_then_looks_again(other, postgres_url, open_url, worker):
    """The trap: a condition on the lease alone is judged on what Postgres read before it had to wait."""
    study = create_study(open_url(postgres_url), "s")
    queue = TrialQueue(study.storage, study.study_id)
    claim = queue.claim(worker(), 1)
    with psycopg.connect(postgres_url) as connection, ThreadPoolExecutor(1) as pool:
        state = {"put back": "WAITING", "finished": "FAIL", "taken": "RUNNING"}[other]
        connection.execute("UPDATE trials SET state = %s", (state,))
        connection.execute("UPDATE trial_user_attributes SET value_json = 'null'")
        late = pool.submit(queue.finish, claim, TrialState.COMPLETE, 0.5)
        with psycopg.connect(postgres_url, autocommit=True) as observer:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'tables' AND wait_event_type = 'Lock'"
            while not observer.execute(waits).fetchone()[0]:
                assert not late.done()
        connection.commit()
        with pytest.raises(LeaseLostError):
            late.result(timeout=60)
    assert queue.storage.get_trial(claim.trial_id).value is None


def test_processes_that_claim_at_once_share_the_budget_exactly(url, study, queue, processes, eventually):
    """The trap: as Optuna opens SQLite, four processes claimed 60 trials 75 times."""
    budget, names = 40, ["w1", "w2", "w3"]
    running = [processes(url, name, budget) for name in names]
    eventually(lambda: study.attributes().keys() >= {f"ready:{name}" for name in names})
    study.set("go", True)
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(names)
    claimed = [json.loads(output) for output in outputs]
    assert sorted(chain.from_iterable(claimed)) == list(range(budget))
    assert queue.counts(budget) == QueueCounts(budget, complete=budget)
    trials = queue.storage.get_all_trials(queue.study_id)
    assert all(trial.value == trial.number / budget for trial in trials)
    assert len(trials) == budget


def test_workers_that_join_late_and_a_budget_that_grows(url, study, queue, processes, eventually):
    """The first worker knows of the smaller budget only; what `hpo extend` adds is shared by who comes later."""
    study.set("go", True)
    first = processes(url, "w1", 10)
    eventually(lambda: queue.counts(30).complete >= 5)
    late = [processes(url, name, 30) for name in ("w2", "w3")]
    claimed = [json.loads(process.communicate(timeout=120)[0]) for process in (first, *late)]
    assert max(claimed[0]) < 10
    assert sorted(chain.from_iterable(claimed)) == list(range(30))
    assert numbers(queue) == list(range(30))
    assert queue.counts(30) == QueueCounts(30, complete=30)
