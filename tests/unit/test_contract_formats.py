"""Contracts of earlier formats and versions: read as what they meant, or refused by name."""

import pytest

from contract_documents import DOCUMENT, FIRST, FOURTH, SECOND, THIRD, without
from hpo.errors import ContractError
from hpo.study.contract import parse, versions
from model.cleaning import Changes, Rules
from model.encoder import Encoder


def test_a_study_of_the_first_format_is_the_same_contract() -> None:
    assert parse(FIRST, "s") == parse({**SECOND, "gpu_arithmetic": 1}, "s")


def test_a_study_of_the_second_format_has_no_ancestors_tries_the_original_and_is_otherwise_the_same() -> None:
    contract = parse(SECOND, "s")
    assert (contract.format, contract.data.ancestors, contract.original) == (7, {}, "all")
    third = {**SECOND, "format": 3, "original": "all", "data": {**SECOND["data"], "ancestors": {}}}
    assert contract == parse(third, "s")
    assert contract.encoder == Encoder(1)


def test_a_study_of_the_third_format_refused_what_could_be_cleaned_and_is_otherwise_the_same() -> None:
    contract, now = parse(THIRD, "s"), parse(DOCUMENT, "s")
    assert (contract.data.cleaning.rules, contract.data.cleaning.changes) == (Rules(), Changes())
    assert now.data.cleaning.rules == Rules(gaps="remove", odd_letters="unknown", missing="drop")
    assert now.data.cleaning.changes.dropped == {"label missing": 4}
    cleaned = contract.data.model_copy(
        update={name: getattr(now.data, name) for name in ("columns", "labels", "cleaning")}
    )
    assert contract.model_copy(update={"data": cleaned}) == now


def test_a_study_of_the_fourth_format_keeps_its_pruner_and_is_otherwise_the_same() -> None:
    contract = parse(FOURTH, "s")
    assert contract.search.pruner == "paired"
    assert contract == parse(DOCUMENT, "s")


def test_a_study_made_before_there_were_objectives_goes_by_accuracy() -> None:
    for document in (DOCUMENT, FOURTH, FIRST):
        contract = parse(without(document, ("search", "objective")), "s")
        assert contract.search.objective == "accuracy"
        assert contract == parse(document, "s")


def test_a_study_made_before_there_were_portfolios_begins_at_random() -> None:
    for document in (DOCUMENT, FOURTH, FIRST):
        assert parse(without(document, ("search", "portfolio")), "s") == parse(document, "s")


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"objective": "f1"}, "search.objective"),
        ({"portfolio": [{"layers": 1}]}, "portfolio.0 is nothing that search.space could propose"),
        ({"objective": "mcc", "pruner": "chance"}, "pruner 'chance' goes by accuracies, and objective is 'mcc'"),
    ],
)
def test_a_search_that_cannot_be_is_refused_by_its_field(search: dict[str, str], said: str) -> None:
    with pytest.raises(ContractError, match="'s' holds no contract that this version reads") as refused:
        parse({**DOCUMENT, "search": {**DOCUMENT["search"], **search}}, "s")
    assert said in refused.value.message


def test_a_study_made_before_a_hyperparameter_came_has_its_default() -> None:
    earlier = without(without(FIRST, ("baseline", "positions")), ("search", "space", "parameters", "positions"))
    contract = parse(without(earlier, ("training", "precision")), "s")
    assert contract.baseline.positions == "none"
    assert contract.training.precision == "fp32"
    assert "positions" not in contract.search.space.distributions


@pytest.mark.parametrize("number", [0, 8, 1000, -1, "2", 2.0, True, None, [], {}])
def test_a_format_that_this_version_does_not_read_is_named_before_any_field(number: object) -> None:
    newer = {"format": number, "everything": "else is different"}
    with pytest.raises(
        ContractError, match=r"'s' is of format .*; this version of hpo reads formats 1, 2, 3, 4, 5, 6, 7"
    ) as caught:
        parse(newer, "s")
    assert repr(number) in caught.value.message
    assert "the version of hpo that made it" in caught.value.next_step


def test_the_same_versions_pass_and_others_are_named() -> None:
    contract = parse(DOCUMENT, "s")
    contract.check_versions()
    other = parse({**DOCUMENT, "versions": {**versions(), "torch": "1.0", "optuna": "4.0"}}, "s")
    with pytest.raises(ContractError, match=r"optuna .* 4\.0 .*torch .* 1\.0"):
        other.check_versions()


def test_our_version_decides_only_in_studies_that_do_not_name_the_learners_sources() -> None:
    here = versions()
    parse({**DOCUMENT, "versions": {**here, "hpo": "0.0.1"}}, "s").check_versions()
    earlier = {name: version for name, version in here.items() if name != "learner"}
    with pytest.raises(ContractError, match=r"hpo .* here, 0\.0\.1 in the study"):
        parse({**DOCUMENT, "versions": {**earlier, "hpo": "0.0.1"}}, "s").check_versions()
    with pytest.raises(ContractError, match=r"learner \w{12} here, 0123456789ab in the study") as refused:
        parse({**DOCUMENT, "versions": {**here, "learner": "0123456789ab"}}, "s").check_versions()
    assert "hpo" in refused.value.next_step


def test_a_study_of_earlier_gpus_goes_on_on_a_cpu_alone() -> None:
    earlier, now = parse(FIRST, "s"), parse(DOCUMENT, "s")
    earlier.check_device("cpu")
    now.check_device("cuda:0")
    with pytest.raises(ContractError, match="'s' was made when GPUs computed otherwise") as refused:
        earlier.check_device("cuda:0")
    assert "--device cpu" in refused.value.next_step
