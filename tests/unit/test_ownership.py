"""Whose a study is: another program's is refused with the way on, ours goes on however its making ended."""

from collections.abc import Callable
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from hpo.errors import ContractError
from hpo.search.pruner import MIN_COMPLETE
from hpo.study.address import StudyAddress
from hpo.study.attributes import BUDGET, CONTRACT, FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy, open_study
from hpo.study.register import register
from hpo.study.status import read_status, trials_in_budget
from storage.errors import StorageError, StudyNotFoundError
from storage.studies import StudyHandle, check_name
from storage.trials.lease import WorkerIdentity

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")


@pytest.fixture
def study(opened: Callable[[], OpenedStudy]) -> OpenedStudy:
    return opened()


def another_program_s(study: OpenedStudy, name: str, direction: str, trials: int) -> StudyAddress:
    made = optuna.create_study(storage=study.storage, study_name=name, direction=direction)
    for _ in range(trials):
        made.add_trial(create_trial(value=0.5))
    return replace(study.address, study=name)


@pytest.mark.parametrize(
    ("direction", "trials", "complaint"),
    [("minimize", 0, "direction is MINIMIZE"), ("minimize", 2, "MINIMIZE"), ("maximize", 2, "has trials and no")],
)
def test_a_study_of_another_program_is_neither_opened_nor_taken_over(study, direction, trials, complaint) -> None:
    address = another_program_s(study, "theirs", direction, trials)
    contract = study.contract.model_copy(update={"study": "theirs"})
    for take in (lambda: open_study(address), lambda: register(address, contract, 3)):
        with pytest.raises(ContractError, match=f"'theirs' was made by another program.*{complaint}") as caught:
            take()
        assert "under another name" in caught.value.next_step
    assert CONTRACT not in optuna.load_study(storage=study.storage, study_name="theirs").user_attrs


def test_a_study_that_was_taken_over_long_ago_is_refused_by_its_direction(study) -> None:
    address = another_program_s(study, "theirs", "minimize", 0)
    handle = StudyHandle(study.storage, study.storage.get_study_id_from_name("theirs"), "theirs")
    handle.set(CONTRACT, study.contract.model_dump(mode="json"))
    handle.set(BUDGET, 3)
    with pytest.raises(ContractError, match="direction is MINIMIZE"):
        open_study(address)


@pytest.mark.parametrize("begun", [False, True])
def test_a_study_whose_making_was_cut_short_is_made_again(study, begun) -> None:
    address = another_program_s(study, "ours", "maximize", 0)
    handle = StudyHandle(study.storage, study.storage.get_study_id_from_name("ours"), "ours")
    if begun:
        handle.set(BUDGET, 3)
        study.storage.create_new_trial(handle.study_id, create_trial(state=TrialState.WAITING))
    with pytest.raises(ContractError, match="was cut short") as caught:
        open_study(address)
    assert "create-study" in caught.value.next_step
    register(address, study.contract.model_copy(update={"study": "ours"}), 3)
    again = open_study(address)
    assert again.budget == 3
    again.storage.close()


def finish(study: OpenedStudy, accuracies: list[float]) -> None:
    claim = study.queue.claim(ME, study.budget)
    study.storage.set_trial_user_attr(claim.trial_id, FOLD_ACCURACIES, accuracies)
    study.queue.finish(claim, TrialState.COMPLETE, sum(accuracies) / len(accuracies))


def test_what_others_add_is_told_and_never_the_best(study) -> None:
    finish(study, [0.5] * 5)
    theirs = optuna.load_study(storage=study.storage, study_name="s")
    theirs.add_trial(create_trial(value=0.99))
    status = read_status(study)
    assert (status.foreign, status.complete, status.waiting) == (1, 1, 2)
    assert (status.best.number, status.best.cv_accuracy) == (0, 0.5)
    assert 0.99 not in [trial.value for trial in trials_in_budget(study, 3)]


def test_a_best_trial_that_somebody_damaged_is_told_by_its_value(study) -> None:
    finish(study, [0.5] * 5)
    for damage in (None, [], "x", [2.0]):
        with study.storage.inner.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE trial_user_attributes SET value_json = ? WHERE key = 'fold_accuracies'", (str(damage),)
            )
        assert read_status(study).best.cv_accuracy == 0.5


@pytest.mark.parametrize("pruner", ["paired", "median", "percentile", "wilcoxon"])
def test_no_pruner_compares_with_what_others_added(make_study, pruner) -> None:
    study = make_study(trials=20, pruner=pruner)()
    theirs = optuna.load_study(storage=study.storage, study_name="s")
    for _ in range(MIN_COMPLETE + 1):
        steps = dict.fromkeys(range(5), 0.99)
        attributes = {FOLD_ACCURACIES: [0.99] * 5}
        theirs.add_trial(create_trial(value=0.99, user_attrs=attributes, intermediate_values=steps))
    claim = study.queue.claim(ME, study.budget)
    study.storage.set_trial_user_attr(claim.trial_id, FOLD_ACCURACIES, [0.5] * 4)
    for fold in range(4):
        study.storage.set_trial_intermediate_value(claim.trial_id, fold, 0.5)
    assert not optuna.trial.Trial(study.study(claim.number), claim.trial_id).should_prune()


def test_the_sampler_learns_nothing_from_what_others_added(make_study) -> None:
    def proposed(opened: OpenedStudy) -> dict[str, object]:
        claim = opened.queue.claim(ME, opened.budget)
        trial = optuna.trial.Trial(opened.study(7), claim.trial_id)
        config = opened.contract.search.space.suggest(trial)
        opened.queue.finish(claim, TrialState.COMPLETE, 0.5)
        return config

    study = make_study(trials=5, sampler="tpe", startup_trials=1, study="alone")()
    beside = make_study(trials=5, sampler="tpe", startup_trials=1, study="beside")()
    for opened in (study, beside):
        # The first two are nobody's proposal.
        assert [proposed(opened), proposed(opened)]
    distributions = study.contract.search.space.distributions
    theirs = optuna.load_study(storage=beside.storage, study_name="beside")
    for _ in range(3):
        params = {name: distribution.to_external_repr(0) if hasattr(distribution, "choices") else distribution.low
                  for name, distribution in distributions.items()}  # fmt: skip
        theirs.add_trial(create_trial(value=0.99, params=params, distributions=distributions))
    assert proposed(study) == proposed(beside)


def test_a_study_that_was_deleted_is_said_to_be(study) -> None:
    study.storage.delete_study(study.handle.study_id)
    for ask in (lambda: study.budget, lambda: study.queue.claim(ME, 3), lambda: read_status(study)):
        with pytest.raises(StudyNotFoundError, match="deleted"):
            ask()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("", "is empty"), (" ", "is empty"), ("n" * 600, "has 600 characters; a storage keeps up to 512"),
     ("a\nb", "cannot be printed"), ("a\x1b[2Jb", "cannot be printed")],
)  # fmt: skip
def test_a_name_that_no_storage_can_keep_or_show_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(StorageError, match=complaint) as caught:
        check_name(name)
    assert "--study" in caught.value.next_step


@pytest.mark.parametrize("name", ["first", "with space", "n" * 512, "Größe & 'Zahl'"])
def test_other_names_are_kept(name: str) -> None:
    check_name(name)
