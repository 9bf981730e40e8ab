"""What sets a study apart from a command is named by the options that the user types, with both values."""

import copy
from typing import Any

import pytest

from contract_documents import DOCUMENT
from hpo.study.contract import parse
from hpo.study.differences import differences

#: Of the searched parameters.
PARAMS = parse(DOCUMENT, "s").search.space.representable(parse(DOCUMENT, "s").search.space.start)


def told(**changes: Any) -> list[str]:
    document: Any = copy.deepcopy(DOCUMENT)
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner = document
        for part in parents:
            inner = inner[part]
        inner[last] = value
    return differences(parse(DOCUMENT, "s"), parse(document, "s"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training__max_epochs": 3}, "--max-epochs: 30 in the study, 3 here"),
        ({"training__engine": "stock"}, "--engine: auto in the study, stock here"),
        ({"seed": 2}, "--seed: 1 in the study, 2 here"),
        ({"splitting__test_size": 0.3}, "--test-size: 0.2 in the study, 0.3 here"),
        ({"search__objective": "mcc"}, "--objective: accuracy in the study, mcc here"),
        ({"search__pruner": "none"}, "--pruner: paired in the study, none here"),
        ({"search__portfolio": [PARAMS]}, "--start: random in the study, portfolio here"),
        ({"original": "all"}, "--original: one-fold in the study, all here"),
        ({"data__columns__label": "SIR"}, "--label-column: phenotype in the study, SIR here"),
        ({"data__columns__where": {}}, "--where: drug=colistin in the study, none here"),
        ({"data__cleaning__gaps": "keep"}, "--gaps: remove in the study, keep here"),
        ({"data__fingerprint": "e" * 64}, "the data: other genes or labels than those of the study"),
    ],
)
def test_an_option_is_named_with_both_values(changes: dict[str, Any], expected: str) -> None:
    assert told(**changes) == [expected]


def test_a_lease_is_one_option_though_two_numbers_follow_from_it() -> None:
    leases = {"beat_interval_s": 1.0, "timeout_s": 6.0, "max_deaths": 3}
    assert told(leases=leases) == ["--lease-timeout: 60 in the study, 6 here"]


def test_a_search_space_is_compared_by_its_hyperparameters_whatever_the_order_of_choices() -> None:
    space = copy.deepcopy(DOCUMENT["search"]["space"])
    for entry in space["parameters"].values():
        if "choices" in entry:
            entry["choices"].reverse()
    assert told(search__space=space) == []
    space["parameters"]["hidden_size"] = {"kind": "range", "low": 8, "high": 9, "log": False, "step": None}
    (line,) = told(search__space=space)
    assert line.startswith("--space, hidden_size: ")
    assert line.endswith(" in the study, 8 to 9, log False, step None here")


def test_the_same_under_another_name_of_the_file_is_the_same() -> None:
    assert told(data__source="renamed.csv", created="2026-02-02T00:00:00+00:00") == []


def test_what_no_option_says_is_named_by_its_place() -> None:
    assert told(data__codes=False) == ["data.codes"]
