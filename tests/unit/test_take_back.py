"""What a parent takes back: a dead child's trial counts a death, a stopped one's does not, and both go on at once."""

from dataclasses import replace

import pytest
from optuna.trial import FrozenTrial, TrialState

from hpo.errors import ContractError
from hpo.study.attributes import BUDGET, PAUSED
from hpo.study.hints import Hint, hint_of
from hpo.study.opened import OpenedStudy
from hpo.workers.take_back import Aftermath, TakeBack
from storage.errors import StudyNotFoundError
from storage.trials.lease import DEATHS, WorkerIdentity


@pytest.fixture
def study(opened) -> OpenedStudy:
    return opened()


def claim(study: OpenedStudy, worker: str):
    return study.queue.claim(WorkerIdentity(worker=worker, host="laptop", pid=1, device="cpu"), study.budget)


def trials(study: OpenedStudy) -> list[FrozenTrial]:
    return study.storage.get_all_trials(study.handle.study_id)


def states(study: OpenedStudy) -> list[str]:
    return [trial.state.name for trial in trials(study)]


def test_a_dead_child_s_trial_waits_again_and_the_death_is_told(study: OpenedStudy) -> None:
    claim(study, "w1")
    claim(study, "w2")
    assert TakeBack(study).from_dead("w1", "killed by SIGKILL") == Aftermath(had_finished=False, held=1)
    assert states(study)[:2] == ["WAITING", "RUNNING"]
    (death,) = trials(study)[0].user_attrs[DEATHS]
    assert (death["worker"], death["how"]) == ("w1", "killed by SIGKILL")


def test_of_a_dead_child_s_several_trials_none_is_blamed(study: OpenedStudy) -> None:
    for worker in ("w1", "w2", "w1"):
        claim(study, worker)
    assert TakeBack(study).from_dead("w1", "killed by SIGKILL") == Aftermath(had_finished=False, held=2)
    assert states(study) == ["WAITING", "RUNNING", "WAITING"]
    assert not any(DEATHS in trial.user_attrs for trial in trials(study))


def test_a_dead_child_that_had_finished_a_trial_and_held_none_was_of_use(study: OpenedStudy) -> None:
    study.queue.finish(claim(study, "w1"), TrialState.COMPLETE, 0.5)
    assert TakeBack(study).from_dead("w1", "killed by SIGKILL") == Aftermath(had_finished=True, held=0)


def test_what_stopped_children_held_waits_again_and_no_death_is_counted(study: OpenedStudy) -> None:
    for worker in ("w1", "w2", "another parent's"):
        claim(study, worker)
    TakeBack(study).from_stopped(["w1", "w2"])
    assert states(study) == ["WAITING", "WAITING", "RUNNING"]
    assert not any(DEATHS in trial.user_attrs for trial in trials(study))


def test_nobody_waits_for_a_fold_that_a_dead_child_was_training_ahead(study: OpenedStudy) -> None:
    trial = claim(study, "w1").trial_id
    told = {"host": "laptop", "pid": 1, "device": "cpu", "token": "t", "training": "f", "renewed_at": 0.0}
    dead, alive = (Hint(worker=name, **told) for name in ("dead", "alive"))
    done = replace(dead, artifact="0" * 64)
    for fold, hint in enumerate((dead, alive, done)):
        study.storage.ledger.set_hint(trial, fold, None, hint.as_dict())
    assert TakeBack(study).from_dead("dead", "killed by SIGKILL") == Aftermath(had_finished=True, held=0)
    assert [hint_of(trials(study)[0].user_attrs, fold) for fold in range(3)] == [None, alive, done]


def test_once_a_beat_a_look_is_taken_for_the_dead_of_others(study: OpenedStudy) -> None:
    now, leases = [0.0], study.contract.leases
    claim(study, "elsewhere")
    take_back = TakeBack(study, clock=lambda: now[0])
    looks = 0
    while "RUNNING" in states(study):
        assert now[0] < 2 * leases.timeout_s
        take_back.look()
        now[0], looks = now[0] + leases.beat_interval_s, looks + 1
    assert now[0] > leases.timeout_s
    assert trials(study)[0].user_attrs[DEATHS][0]["worker"] == "elsewhere"


def test_a_look_that_fails_is_told_and_taken_again(study: OpenedStudy, monkeypatch, caplog) -> None:
    def fails(budget: int) -> list[int]:
        raise ValueError("a date that is none")

    now = [0.0]
    take_back = TakeBack(study, clock=lambda: now[0])
    monkeypatch.setattr(take_back._watch, "sweep", fails)
    for _ in range(2):
        take_back.look()
        now[0] += study.contract.leases.beat_interval_s
    assert caplog.text.count("ValueError: a date that is none") == 2


def test_a_study_that_was_deleted_is_told_in_one_line(study: OpenedStudy) -> None:
    study.storage.delete_study(study.handle.study_id)
    with pytest.raises(StudyNotFoundError, match="Study 's' was deleted"):
        TakeBack(study).look()


@pytest.mark.parametrize("budget", [0, -1, 2.5, True, "3", None, [], 5_000_000_000])
def test_a_budget_that_nobody_can_follow_is_told_with_the_way_out(study: OpenedStudy, budget: object) -> None:
    study.handle.set(BUDGET, budget)
    with pytest.raises(ContractError, match="allowed are whole numbers from 1 to 1,000,000,000") as caught:
        TakeBack(study).look()
    assert caught.value.next_step == "Set it anew: hpo extend --study s --trials N"


@pytest.mark.parametrize("paused", ["no", 0, None, []])
def test_a_pause_that_is_neither_yes_nor_no_is_told_with_the_way_out(study: OpenedStudy, paused: object) -> None:
    study.handle.set(PAUSED, paused)
    with pytest.raises(ContractError, match="allowed are true and false") as caught:
        TakeBack(study).look()
    assert "hpo resume" in caught.value.next_step
