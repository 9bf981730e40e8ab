"""What is parked, as status, samplers and other programs see it."""

import optuna
import pytest
from optuna.trial import TrialState

from hpo.signals import StopFlag
from hpo.study.attributes import BUDGET, FOLD_ACCURACIES, PARKED
from hpo.study.status import read_status
from parking import TRIALS, by_size, trials, work

pytestmark = pytest.mark.slow


def test_what_is_parked_is_told_and_counted_and_thaws_with_a_larger_budget(made, train) -> None:
    opened, training = made()(), train(by_size)
    stop = StopFlag()
    stop.watch(lambda: read_status(opened).parked >= 3)
    work(opened, stop=stop)
    status = read_status(opened)
    assert status.parked >= 3
    assert status.waiting >= status.parked
    assert status.complete + status.pruned < TRIALS
    opened.handle.set(BUDGET, TRIALS + 4)
    work(opened)
    assert read_status(opened).finished == TRIALS + 4
    assert set(training.finished.values()) == {1}


def test_samplers_are_shown_what_is_parked_as_pruned_and_nobody_else_is(made, train) -> None:
    opened = made(sampler="tpe")()
    train(by_size)
    stop = StopFlag()
    stop.watch(lambda: read_status(opened).parked >= 2)
    work(opened, stop=stop)
    stored = {trial.number for trial in trials(opened) if trial.user_attrs.get(PARKED)}
    shown = opened.study(99).get_trials(deepcopy=False, states=(TrialState.PRUNED,))
    assert {trial.number for trial in shown} == stored
    assert {trial.number for trial in opened.study(99).get_trials() if trial.state == TrialState.PRUNED} == stored
    theirs = optuna.load_study(study_name="s", storage=opened.address.storage)
    assert not [trial for trial in theirs.trials if trial.state == TrialState.PRUNED]


def test_samplers_are_shown_what_a_stop_put_back_between_folds_as_if_it_were_parked(made, train) -> None:
    opened, training = made(sampler="tpe")(), train(by_size)
    stop = StopFlag()
    stop.watch(lambda: bool(training.finished))
    work(opened, stop=stop)
    (begun,) = [trial for trial in trials(opened) if trial.user_attrs.get(FOLD_ACCURACIES)]
    assert begun.state == TrialState.WAITING
    assert PARKED not in begun.user_attrs
    assert [trial.number for trial in opened.study(99).get_trials(states=(TrialState.PRUNED,))] == [begun.number]


def test_what_other_programs_have_added_leads_nobody(made, train) -> None:
    opened = made()()
    train(by_size)
    theirs = optuna.load_study(study_name="s", storage=opened.address.storage)
    perfect = {FOLD_ACCURACIES: [1.0] * 5}
    for _ in range(3):
        theirs.add_trial(optuna.trial.create_trial(value=1.0, user_attrs=perfect))
    work(opened)
    own = [trial for trial in trials(opened) if trial.user_attrs != perfect]
    assert [trial.state.is_finished() for trial in own] == [True] * TRIALS
    complete = [trial for trial in own if trial.state == TrialState.COMPLETE]
    assert max(trial.value for trial in complete) > 0.9
