"""A look at a study: what waits is read once, what changes hands is read anew, and all of it in few queries."""

import pytest
from optuna.trial import TrialState
from sqlalchemy import event

from stale_watch import BUDGET
from storage.studies import create_study
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def queues(request: pytest.FixtureRequest, open_url) -> tuple[TrialQueue, TrialQueue]:
    """The same study, opened twice."""
    url = request.getfixturevalue(request.param)
    first, second = open_url(url), open_url(url)
    study = create_study(first, "s")
    return TrialQueue(first, study.study_id), TrialQueue(second, study.study_id)


def look(queue: TrialQueue):
    return queue.storage.get_all_trials(queue.study_id, deepcopy=False)


def queries_of_a_look(queue: TrialQueue) -> int:
    sent: list[str] = []
    engine = queue.storage.inner.engine

    def told(connection, cursor, statement, *rest) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", told)
    look(queue)
    event.remove(engine, "before_cursor_execute", told)
    return sum(statement.startswith("SELECT") for statement in sent)


def test_a_look_is_two_queries_and_one_where_everything_waits(queues, worker) -> None:
    queue, other = queues
    claim = other.claim(worker(), BUDGET)
    look(queue)
    assert queries_of_a_look(queue) == 2
    other.put_back(claim)
    look(queue)
    assert queries_of_a_look(queue) == 1


def test_what_others_do_to_a_trial_that_waits_is_seen(queues, worker) -> None:
    queue, other = queues
    queue.storage.ledger.make_trials(queue.study_id, BUDGET, BUDGET)
    assert {trial.state for trial in look(queue)} == {TrialState.WAITING}
    for round_ in range(3):
        claim = other.claim(worker(), BUDGET, 1)
        assert look(queue)[1].state == TrialState.RUNNING
        other.record(claim, TrialChange({"hpo:fold:0": round_}, {}, {round_: 0.5}))
        other.put_back(claim)
        seen = look(queue)[1]
        assert (seen.state, seen.user_attrs["hpo:fold:0"]) == (TrialState.WAITING, round_)
        assert set(seen.intermediate_values) == set(range(round_ + 1))


def test_what_is_written_here_to_a_trial_that_waits_is_seen(queues) -> None:
    queue, _ = queues
    queue.storage.ledger.make_trials(queue.study_id, BUDGET, BUDGET)
    first = look(queue)[0]
    queue.storage.set_trial_system_attr(first._trial_id, "note", "words")
    queue.storage.set_trial_user_attr(first._trial_id, "seen", 1)
    again = look(queue)[0]
    assert (again.system_attrs["note"], again.user_attrs["seen"]) == ("words", 1)
