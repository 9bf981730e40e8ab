"""Steering a study: what its budget may be, and that an impossible one can be mended."""

import os
import subprocess
import sys
from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from hpo.errors import HpoError, UsageError
from hpo.study.attributes import BUDGET
from hpo.study.opened import OpenedStudy
from hpo.study.steering import least_budget, set_budget
from plain_optuna import plain_storage
from storage.trials.lease import LEASE, WorkerIdentity

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


@pytest.fixture
def study(opened: Callable[[], OpenedStudy]) -> OpenedStudy:
    return opened()


def test_a_budget_is_raised_and_lowered_to_what_is_finished_or_at_work(study: OpenedStudy) -> None:
    study.queue.finish(study.queue.claim(ME, 3), TrialState.COMPLETE, 0.5)
    study.queue.claim(ME, 3)
    assert "a budget of 9 trials" in set_budget(study.address, 9)
    assert study.budget == 9
    with pytest.raises(HpoError, match="cannot have a budget of 1") as caught:
        set_budget(study.address, 1)
    assert "--trials 2" in caught.value.next_step
    set_budget(study.address, 2)
    assert study.budget == 2
    assert study.queue.claim(ME, study.budget) is None


@pytest.mark.parametrize("bricked", [5_000_000_000, "many", None, -3])
def test_an_impossible_budget_can_be_mended(study: OpenedStudy, bricked: object) -> None:
    study.handle.set(BUDGET, bricked)
    set_budget(study.address, 4)
    assert study.budget == 4


@pytest.mark.parametrize("trials", [0, -1, 1_000_000_001, 5_000_000_000])
def test_no_study_gets_an_impossible_budget(study: OpenedStudy, make_study, trials: int) -> None:
    with pytest.raises(UsageError, match="allowed are 1 to 1,000,000,000"):
        set_budget(study.address, trials)
    with pytest.raises(UsageError, match="allowed are 1 to 1,000,000,000"):
        make_study(study="another", trials=trials)
    assert study.budget == 3


def test_the_largest_budget_is_worked_on(study: OpenedStudy) -> None:
    set_budget(study.address, 1_000_000_000)
    assert study.queue.claim(ME, study.budget).number == 0


def test_what_others_added_needs_no_budget() -> None:
    ours = create_trial(value=0.5, user_attrs={LEASE: {"token": "t"}})
    theirs, waiting = create_trial(value=0.9), create_trial(state=TrialState.WAITING)
    assert least_budget([]) == least_budget([waiting, theirs]) == 1
    assert least_budget([theirs, ours, theirs, waiting, ours, waiting]) == 3


def test_a_pause_is_told_with_names_as_a_shell_takes_them(make_study) -> None:
    address = make_study(study="two words")().address
    assert set_budget(address, 5).endswith("hpo worker --study 'two words'")
    with plain_storage(address.storage) as storage:
        assert optuna.load_study(storage=storage, study_name="two words").user_attrs[BUDGET] == 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("extend", "--trials", "5000000000"), "less than or equal to 1000000000"),
        (("worker", "--timeout", "nan"), "is not a duration such as"),
        (("worker", "--timeout", "500d"), "is not between 0 s and 366 days"),
        (("simulate", "x.csv", "--noise", "nan"), "less than or equal to 0.49"),
    ],
)
def test_options_say_how_large_a_number_may_be(arguments: tuple[str, ...], complaint: str) -> None:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "hpo", *arguments], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 2
    assert complaint in done.stderr
