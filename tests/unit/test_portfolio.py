"""What a search begins with: configurations that were good on other genes, where there are such."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hpo.search.portfolio
from hpo.errors import ContractError, UsageError
from hpo.search.configurations import params_of
from hpo.search.packaged import packaged_name
from hpo.search.portfolio import FOLDER, read_portfolio
from hpo.search.space import read_space
from hpo.study.again import as_begun, check_same
from hpo.study.create import Plan, open_for_creation, prepare
from hpo.study.first_trials import ORIGIN
from hpo.study.opened import OpenedStudy
from model.simulation import simulate
from small_plan import small_plan

#: Of the space that unrelated genes are searched by.
PORTFOLIO = """
[[configuration]]
encoding = "codon"
embedding_size = 20
hidden_size = 16
layers = 2
dropout = 0.1
pooling = "mean"
positions = "none"
linear = "none"
linear_start = "zero"
learning_rate = 0.01
schedule = "constant"
batch_size = 64
weight_decay = 0.0
"""
RELATED = {"dna": ("mutation", "mutation_nucleotide"), "protein": ("mutation",)}


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One portfolio of two configurations."""
    second = PORTFOLIO.replace("codon", "nucleotide").replace("hidden_size = 16", "hidden_size = 32")
    (tmp_path / "dna.toml").write_text(PORTFOLIO + second)
    monkeypatch.setattr(hpo.search.portfolio, "FOLDER", tmp_path)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_what_is_shipped_is_of_its_space_and_each_is_another(file: Path) -> None:
    alphabet, _, kind = file.stem.partition("_")
    assert kind == "related"
    space = read_space(None, alphabet, related=RELATED[alphabet])
    shipped = read_portfolio(file.stem, space)
    assert 5 <= len(shipped) <= 8
    assert len(shipped) == file.read_text().count("[[configuration]]")
    assert all(params_of(one, space) == one and shipped.count(one) == 1 for one in shipped)


def test_relatives_have_one_and_spaces_without_tables_have_none() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == {"dna_related", "protein_related"}
    assert read_portfolio("protein", read_space(None, "protein")) == []
    assert packaged_name("dna", ("mutation",), True) == packaged_name("dna", ("mutation_nucleotide",), False)
    assert packaged_name("dna", ("mutation_nucleotide",), True) == "dna_shifted"


def test_what_these_genes_cannot_be_read_by_is_left_out(packaged) -> None:
    (only,) = read_portfolio("dna", read_space(None, "dna", codes=False))
    assert only["hidden_size"] == 32
    assert "encoding" not in only


def begun(make_study: Callable[..., Any], **changes: Any) -> OpenedStudy:
    return make_study(trials=20, original="skip", **{"sampler": "tpe", **changes})()


def test_it_is_tried_in_place_of_the_beginning_of_the_space_and_before_random_ones(
    packaged, make_study, capsys: pytest.CaptureFixture
) -> None:
    study = begun(make_study)
    assert "begins with 2 configurations that were good on other genes (--start)" in capsys.readouterr().err
    trials = study.storage.get_all_trials(study.handle.study_id)
    assert [trial.system_attrs["fixed_params"] for trial in trials] == study.contract.search.portfolio
    assert [one["hidden_size"] for one in study.contract.search.portfolio] == [16, 32]
    assert [trial.user_attrs[ORIGIN] for trial in trials] == [{"portfolio": 1}, {"portfolio": 2}]
    assert study.contract.search.trials_before_tpe == 10
    assert begun(make_study, study="t", start="random").contract.search.trials_before_tpe == 10
    assert begun(make_study, study="u", startup_trials=1).contract.search.trials_before_tpe == 2


@pytest.mark.parametrize("changes", [{"start": "random"}, {"sampler": "random"}, {"space": "layers = 1\n"}])
def test_who_begins_otherwise_has_none(packaged, make_study, changes: dict[str, Any]) -> None:
    assert begun(make_study, **changes).contract.search.portfolio == []
    if "start" not in changes:
        with pytest.raises(UsageError, match="no portfolio to begin this search with"):
            begun(make_study, study="t", start="portfolio", **changes)


def test_a_study_that_is_asked_for_again_keeps_its_own(packaged, tmp_path: Path, make_study) -> None:
    study = begun(make_study)
    (tmp_path / "dna.toml").write_text(PORTFOLIO)
    plan = replace(small_plan(tmp_path / "genes.csv"), sampler="tpe", original="skip")

    def ask(plan: Plan) -> None:
        asked = as_begun(plan, study.contract)
        check_same(study.contract, prepare(simulate(60, 12, 0.05, 3).genes, asked, open_for_creation(study.address)))

    ask(plan)
    with pytest.raises(ContractError, match="--start: portfolio in the study, random here"):
        ask(replace(plan, start="random"))
    earlier = study.contract.search.model_copy(update={"portfolio": []})
    assert as_begun(plan, study.contract.model_copy(update={"search": earlier})).start == "random"
