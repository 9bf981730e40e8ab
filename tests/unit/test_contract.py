"""The contract: a database's content is input like any other, and versions are kept."""

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract_documents import DOCUMENT, FIRST, SECOND, Path, without
from hpo.errors import ContractError, UsageError
from hpo.study.contract import parse
from model.configuration import TrainingSettings, original_configuration
from model.encoder import Encoder

HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, -1, 7.5, 10**30, 10**400, -(10**400), 1e300, 5e-324),
    *(float("nan"), float("inf"), -float("inf"), "", "x", "1", "\ud800", "x" * 10_000, "../../etc/passwd"),
    *([], [1], ["x", {}], [[[]]], [float("nan"), 1.0], {}, {"unknown": 1}, {1: 2, "x": 3}, {"kind": "range"}),
    {"kind": "range", "low": 1, "high": 10**400, "log": False, "step": 1e-300},
    {"kind": "range", "low": 1, "high": 2, "log": True, "step": None},
    {"kind": "choices", "choices": [1, True]},
    {"kind": "fixed", "value": {}},
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every field of a document, and every element of its lists, at any depth."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, entry in inside:
        yield (*path, name)
        yield from places(entry, (*path, name))


def changed(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The document with another value in one place."""
    other: Any = copy.deepcopy(document)
    within = other
    for part in path[:-1]:
        within = within[part]
    within[path[-1]] = value
    return other


def refusal(document: object) -> str | None:
    """What `parse` says against a document; None where it takes it, and then it can be written and read again."""
    try:
        contract = parse(document, "my study")
    except ContractError as error:
        return str(error)
    assert parse(json.loads(json.dumps(contract.model_dump(mode="json"))), "my study") == contract
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna shortens a range that its step does not divide, and says so
        assert contract.search.space.distributions.keys() == contract.search.space.searched.keys()
    return None


@pytest.mark.slow
@pytest.mark.parametrize(("document", "every"), [(DOCUMENT, 1), (SECOND, 3), (FIRST, 3)], ids=["3", "2", "1"])
def test_every_field_is_checked_where_it_is_read(document: dict[str, Any], every: int) -> None:
    for begin, path in enumerate(places(document)):
        # Earlier documents become today's before their fields are checked: each field gets some of the values.
        for value in HOSTILE[begin % every :: every]:
            said = refusal(changed(document, path, value))
            if said is not None:
                assert "my study" in said
                # A document that lies about its format has other fields wrong.
                assert path == ("format",) or any(str(part) in said for part in path), (path, value, said)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.sampled_from(list(places(DOCUMENT))),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
)
@example(path=("training",), value={"unknown": 1})
def test_whatever_stands_in_a_field_ends_in_a_contract_or_in_its_error(path: Path, value: Any) -> None:
    refusal(changed(DOCUMENT, path, value))


@pytest.mark.parametrize("document", [None, 1, "{}", [], [DOCUMENT], {}])
def test_what_is_no_contract_at_all_is_refused(document: object) -> None:
    assert "my study" in (refusal(document) or "")


@pytest.mark.parametrize("path", [path for path in places(DOCUMENT) if isinstance(path[-1], str)])
def test_a_field_that_lacks_is_named_unless_it_has_a_default(path: Path) -> None:
    said = refusal(without(DOCUMENT, path))
    counts = len(path) == 4 and path[:2] == ("data", "cleaning")
    words = path[:3] == ("data", "columns", "where") and len(path) == 4
    has_default = (
        counts
        or words
        or path in (("data", "columns"), ("data", "labels"), ("data", "codes"), ("data", "cleaning", "gaps_kept"))
        or path in (("search", "objective"), ("search", "portfolio"))
        or path[:-1] in (("training",), ("versions",))
        or path[-1]
        in (
            "positions",
            "linear",
            "linear_start",
            "log",
            "step",
        )
    )
    assert said is None if has_default else str(path[-1]) in (said or "")


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("training",), {"unknown": 1}, "training: .*'unknown'"),
        (("training", "max_epochs"), 0, r"training: max_epochs is 0; allowed are whole numbers from 1 to"),
        (("training", "threads"), True, "threads"),
        (("baseline", "encoding"), "letters", "baseline: encoding is 'letters'; allowed are nucleotide"),
        (("data", "test", "artifact"), "../../etc/passwd", r"data\.test\.artifact"),
        (("data", "test", "resistant"), 11, r"data\.test: .*11 rows of 10"),
        (("splitting", "folds"), 1, r"splitting\.folds"),
        (("splitting", "folds"), 5.0, r"splitting\.folds"),
        (("splitting", "test_size"), float("nan"), r"splitting\.test_size"),
        (("search", "sampler"), "oracle", r"search\.sampler.*'tpe' or 'random'"),
        (("search", "space", "parameters", "layers"), {"kind": "fixed", "value": 99}, r"search\.space: layers = 99"),
        (("search", "space", "parameters", "units"), {"kind": "fixed", "value": 9}, r"search\.space: .*'units'"),
        (("leases", "beat_interval_s"), 60.0, "leases: .*too slow"),
        (("seed",), -1, "seed"),
        (("created",), "yesterday", "created"),
        (("surprise",), 1, "surprise"),
    ],
)
def test_the_field_that_is_wrong_and_what_is_allowed_are_told(path: Path, value: object, complaint: str) -> None:
    with pytest.raises(ContractError, match=f"'s'.*{complaint}"):
        parse(changed(DOCUMENT, path, value), "s")


def test_a_contract_survives_json() -> None:
    contract = parse(DOCUMENT, "s")
    assert json.loads(json.dumps(contract.model_dump(mode="json"))) == DOCUMENT
    assert contract.training == TrainingSettings()
    assert contract.baseline == original_configuration("dna")


def test_genes_are_encoded_by_the_ancestors_of_their_study() -> None:
    encoder = parse(changed(DOCUMENT, ("training", "genetic_code"), 11), "s").encoder
    assert encoder == Encoder(11, {"mutation": "MK", "mutation_nucleotide": "ATGAAA"})


@pytest.mark.parametrize(
    ("ancestors", "complaint"),
    [
        ({}, "search.*'mutation'.*data.ancestors has none"),
        ({"mutation": "MK"}, "search.*'mutation_nucleotide'.*data.ancestors has mutation"),
        ({"codon": "ATG"}, r"data\.ancestors\.codon"),
        ({"mutation": ""}, r"data\.ancestors\.mutation"),
        ({"mutation": "M-K"}, r"data\.ancestors\.mutation"),
        ({"mutation": "M" * 65_001}, r"data\.ancestors\.mutation"),
    ],
)
def test_ancestors_that_the_search_cannot_do_with_are_refused(ancestors: dict[str, str], complaint: str) -> None:
    with pytest.raises(ContractError, match=complaint):
        parse(changed(DOCUMENT, ("data", "ancestors"), ancestors), "s")


def test_two_seeds_that_differ_are_refused_by_name() -> None:
    with pytest.raises(ContractError, match=r"'s' names two seeds: seed is 1, splitting\.seed is 2"):
        parse(changed(FIRST, ("splitting", "seed"), 2), "s")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lease_timeout_s": float("inf")}, "beat_interval_s"),
        ({"retries": 10**12}, "max_deaths"),
        ({"startup_trials": 10**12}, "startup_trials"),
        ({"seed": 10**30}, "seed"),
    ],
)
def test_what_no_contract_may_hold_is_refused_when_the_study_is_made(
    make_study: Callable[..., object], change: dict[str, Any], field: str
) -> None:
    with pytest.raises(UsageError, match=field):
        make_study(**change)
