"""The contract: a database's content is input like any other, and versions are kept."""

import dataclasses

import pytest

from hpo.errors import ContractError
from hpo.search.space import read_space
from hpo.study.contract import Contract, parse, versions
from model.configuration import TrainingSettings, original_configuration


@pytest.fixture
def contract() -> Contract:
    rows = {"artifact": "0" * 64, "fingerprint": "f", "rows": 10, "resistant": 5}
    return Contract.model_validate(
        {
            "study": "s",
            "created": "2026-01-01T00:00:00+00:00",
            "seed": 1,
            "data": {
                "source": "genes.csv",
                "fingerprint": "f",
                "alphabet": "dna",
                "ambiguous_letters": 0,
                "development": rows,
                "test": rows,
            },
            "splitting": {"folds": 5, "test_size": 0.2, "seed": 1, "duplicates": "together"},
            "search": {
                "sampler": "tpe",
                "pruner": "paired",
                "startup_trials": 10,
                "space": read_space(None, "dna").model_dump(),
            },
            "training": dataclasses.asdict(TrainingSettings()),
            "baseline": dataclasses.asdict(original_configuration("dna")),
            "leases": {"beat_interval_s": 10, "timeout_s": 60, "max_deaths": 3},
            "versions": versions(),
        }
    )


def test_a_contract_survives_json(contract: Contract) -> None:
    again = parse(contract.model_dump(mode="json"), "s")
    assert again == contract
    assert again.settings == TrainingSettings()
    assert again.baseline_configuration == original_configuration("dna")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 2),
        (("data", "test", "artifact"), "../../etc/passwd"),
        (("splitting", "folds"), 1),
        (("search", "sampler"), "oracle"),
        (("surprise",), 1),
    ],
)
def test_a_contract_that_was_tampered_with_is_refused(contract: Contract, path: tuple[str, ...], value: object) -> None:
    document = contract.model_dump(mode="json")
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ContractError, match=path[0]):
        parse(document, "s")


def test_the_same_versions_pass_and_others_are_named(contract: Contract) -> None:
    contract.check_versions()
    other = contract.model_copy(update={"versions": {**versions(), "torch": "1.0", "optuna": "4.0"}})
    with pytest.raises(ContractError, match=r"optuna .* 4\.0 .*torch .* 1\.0"):
        other.check_versions()
