"""A study that begins from an earlier one: of it, nothing but trials is read, and these as input."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from hpo.errors import ContractError, UsageError
from hpo.signals import StopFlag
from hpo.study.address import StudyAddress
from hpo.study.attributes import CONFIGURATION, CONTRACT
from hpo.study.earlier import WARM_START
from hpo.study.first_trials import ORIGIN
from hpo.study.opened import OpenedStudy, open_study
from hpo.study.warm_start import address_of, check_warm_start, read_warm_start
from hpo.trial.held_trial import HeldTrial
from model.configuration import original_configuration
from storage.errors import StudyNotFoundError
from storage.trials.lease import WorkerIdentity
from storage.trials.ledger import TrialChange

ME = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
SPACE = """
encoding = "amino_acid"
embedding_size = 8
hidden_size = { low = 8, high = 64 }
layers = 1
batch_size = 64
dropout = { low = 0.0, high = 0.5 }
learning_rate = 1e-3
linear = "none"
pooling = ["last", "mean"]
weight_decay = 0.0
schedule = "constant"
"""
CONFIG: dict[str, Any] = asdict(original_configuration("dna"))
CONFIG |= {"encoding": "amino_acid", "embedding_size": 8, "layers": 1, "batch_size": 64, "learning_rate": 1e-3}


def finish(study: OpenedStudy, config: object, value: float, state: TrialState = TrialState.COMPLETE) -> None:
    claim = study.queue.claim(ME, study.budget)
    study.queue.record(claim, TrialChange({CONFIGURATION: config}))
    study.queue.finish(claim, state, value)


@pytest.fixture
def earlier(make_study) -> OpenedStudy:
    """A study with five complete trials, two of which are of another space."""
    study = make_study(study="earlier", trials=12, space=SPACE)()
    for hidden, value in ((16, 0.7), (32, 0.9), (64, 0.8)):
        finish(study, CONFIG | {"hidden_size": hidden, "dropout": 0.1}, value)
    finish(study, CONFIG | {"hidden_size": 128, "dropout": 0.1}, 0.95)
    finish(study, CONFIG | {"hidden_size": 16, "dropout": 0.1, "layers": 2}, 0.96)
    finish(study, CONFIG | {"hidden_size": 20, "dropout": 0.1}, 0.97, TrialState.PRUNED)
    return study


def begin(make_study: Callable[..., Any], **changes: Any) -> OpenedStudy:
    study: OpenedStudy = make_study(study="new", trials=20, space=SPACE, original="skip", **changes)()
    return study


def test_the_best_that_fit_are_tried_first(earlier, make_study, capsys: pytest.CaptureFixture[str]) -> None:
    study = begin(make_study, warm_start="earlier")
    told = "The search begins from the best 3 of 5 complete trials of study 'earlier'; 2 do not fit this space.\n"
    assert told in capsys.readouterr().err
    trials = study.storage.get_all_trials(study.handle.study_id)
    assert [trial.system_attrs["fixed_params"]["hidden_size"] for trial in trials] == [32, 64, 16]
    assert trials[0].user_attrs[ORIGIN] == {"warm_start": "earlier", "trial": 1}


@pytest.fixture
def of_ten(make_study) -> OpenedStudy:
    """A new study that begins from ten trials of an earlier one; the best had the most units."""
    old = make_study(study="earlier", trials=12, space=SPACE)()
    for hidden in range(10, 20):
        finish(old, CONFIG | {"hidden_size": hidden, "dropout": 0.1}, 0.5 + hidden / 100)
    return begin(make_study, warm_start="earlier")


def held_by_me(study: OpenedStudy) -> HeldTrial:
    return HeldTrial(study, study.queue.claim(ME, study.budget), StopFlag())


def units_of(held: HeldTrial) -> int:
    units: int = held.opened.contract.search.space.suggest(held.trial).hidden_size
    return units


def next_one(study: OpenedStudy, value: float) -> int:
    held = held_by_me(study)
    units = units_of(held)
    held.record({CONFIGURATION: {}})
    held.finish(TrialState.COMPLETE, value, None)
    return units


def test_the_rest_is_proposed_while_ranks_agree(of_ten: OpenedStudy) -> None:
    assert [one.params["hidden_size"] for one in of_ten.earlier] == list(range(19, 9, -1))
    assert [next_one(of_ten, 0.9 - number / 100) for number in range(5)] == [19, 18, 17, 16, 15]
    # From here on the next ones are better than the first: by and by nothing is offered any more.
    assert [next_one(of_ten, 0.91 + number / 100) for number in range(5)] != [14, 13, 12, 11, 10]


def test_trials_that_are_claimed_at_once_are_not_offered_the_same(of_ten: OpenedStudy) -> None:
    for number in range(3):
        next_one(of_ten, 0.9 - number / 100)
    one, other = held_by_me(of_ten), held_by_me(of_ten)
    assert (units_of(other), units_of(one)) == (15, 16)


def test_studies_of_other_storages_are_named_by_their_url(earlier, make_study, tmp_path) -> None:
    here = StudyAddress(storage="sqlite:///here.db", study="new")
    url = earlier.address.storage
    assert address_of("a#b", here).study == "a#b"
    assert address_of(f"{url}#earlier", here) == StudyAddress(storage=url, study="earlier")
    warm = read_warm_start(url, here, earlier.contract.search.space)
    assert warm.source == f"sqlite:///{tmp_path}/hpo.db#earlier"
    secret = address_of("postgresql://me:hidden@db/x#y", here)
    assert "hidden" not in repr(secret)
    with pytest.raises(UsageError, match="cannot begin from itself"):
        address_of("new", here)
    with pytest.raises(StudyNotFoundError, match="no study 'none'"):
        read_warm_start("none", earlier.address, earlier.contract.search.space)


def test_a_study_of_another_program_is_refused(earlier) -> None:
    optuna.create_study(study_name="foreign", storage=earlier.address.storage, direction="minimize")
    with pytest.raises(ContractError, match="made by another program"):
        read_warm_start("foreign", earlier.address, earlier.contract.search.space)


@pytest.mark.parametrize(
    "config",
    [
        "all",
        [],
        {},
        CONFIG | {"hidden_size": "16; drop", "dropout": 0.1},
        CONFIG | {"hidden_size": True, "dropout": 0.1},
        CONFIG | {"hidden_size": {"a": 1}, "dropout": 0.1},
        {name: value for name, value in CONFIG.items() if name != "pooling"},
        CONFIG | {"hidden_size": 16, "dropout": 1e300},
    ],
)
def test_what_a_trial_holds_is_input(make_study, config: object, capsys: pytest.CaptureFixture[str]) -> None:
    study = make_study(study="earlier", trials=2, space=SPACE)()
    finish(study, config, 0.9)
    assert begin(make_study, warm_start="earlier").earlier == ()
    assert "none of its 1 complete trials fits this space." in capsys.readouterr().err


@pytest.mark.parametrize("stored", ["x", {"study": 1}, {"best": 3}, {"best": [3, {}, {"trial": 1, "config": []}]}])
def test_what_the_study_keeps_is_input_too(earlier, make_study, stored: object) -> None:
    study = begin(make_study, warm_start="earlier")
    study.handle.set(WARM_START, stored)
    again = open_study(study.address)
    assert again.earlier == ()
    again.storage.close()


def test_asked_for_again_it_must_be_the_same(earlier, make_study) -> None:
    study = begin(make_study, warm_start="earlier")
    check_warm_start(study, None)
    check_warm_start(study, "earlier")
    with pytest.raises(ContractError, match="was begun from 'earlier', and not from 'other'"):
        check_warm_start(study, "other")
    with pytest.raises(ContractError, match="was begun from no earlier study, and not from 'other'"):
        check_warm_start(earlier, "other")


def test_the_earlier_study_s_contract_is_not_needed(earlier, make_study) -> None:
    contract = dict(earlier.handle.attributes()[CONTRACT])
    earlier.handle.set(CONTRACT, contract | {"format": 99, "data": None})
    assert len(begin(make_study, warm_start="earlier").earlier) == 3
