"""What `create-study` makes of genes that descend from one ancestor, and of genes that do not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.choices import Original, Sampler
from hpo.errors import SpaceError
from hpo.study.address import StudyAddress
from hpo.study.contract import Contract
from hpo.study.create import Plan, create, prepare
from hpo.study.opened import open_study
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from model.configuration import TrainingSettings
from model.genes import Genes
from model.mutations import find_relation
from model.simulation import simulate
from model.snapshot import from_bytes
from storage.artifacts import ArtifactStore, open_artifacts

SAMPLER: Sampler = "random"


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return open_artifacts(str(tmp_path / "artifacts"), create=True)


def plan(folder: Path, space: str | None = None) -> Plan:
    if space is not None:
        (folder / "space.toml").write_text(space)
    return Plan(
        study="s",
        trials=3,
        source=folder / "genes.csv",
        seed=0,
        folds=3,
        test_size=0.2,
        duplicates="together",
        original="all",
        space_file=None if space is None else folder / "space.toml",
        sampler=SAMPLER,
        startup_trials=10,
        pruner="none",
        training=TrainingSettings(),
        lease_timeout_s=60.0,
        retries=3,
    )


def relatives(rows: int = 120) -> Genes:
    return simulate(rows, 30, 0.05, 3).genes


def strangers(rows: int = 60) -> Genes:
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 40)) for _ in range(rows)]
    return Genes([str(row) for row in range(rows)], sequences, np.arange(rows) % 2 == 0, "protein")


def parts(contract: Contract, artifacts: ArtifactStore) -> tuple[DevelopmentRows, Genes]:
    test, _ = from_bytes(artifacts.get(contract.data.test.artifact))
    return load_development_rows(contract, artifacts), test


def test_relatives_are_searched_by_their_mutations_and_strangers_whole(
    tmp_path: Path, artifacts: ArtifactStore
) -> None:
    related = prepare(relatives(), plan(tmp_path), artifacts)
    assert related.search.space.encodings == ("mutation", "mutation_nucleotide")
    assert related.data.ancestors.keys() == {"mutation", "mutation_nucleotide"}
    unrelated = prepare(strangers(), plan(tmp_path), artifacts)
    assert (unrelated.search.space.encodings, unrelated.data.ancestors) == (("amino_acid",), {})


def test_the_ancestors_are_those_of_the_development_rows_alone(
    tmp_path: Path, artifacts: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Genes] = []

    def noted(genes: Genes, genetic_code: int, *, codes: bool) -> object:
        seen.append(genes)
        return find_relation(genes, genetic_code, codes=codes)

    monkeypatch.setattr("hpo.study.create.find_relation", noted)
    contract = prepare(relatives(), plan(tmp_path), artifacts)
    development, test = parts(contract, artifacts)
    (asked,) = seen
    assert asked.ids == development.genes.ids
    assert not set(asked.ids) & set(test.ids)
    assert development.encoder.ancestors == contract.data.ancestors == find_relation(asked).ancestors


def test_identical_proteins_do_not_straddle_the_split_where_mutations_are_searched(
    tmp_path: Path, artifacts: ArtifactStore
) -> None:
    contract = prepare(relatives(200), plan(tmp_path), artifacts)
    development, test = parts(contract, artifacts)
    encoder = development.encoder
    here, there = (encoder.encode(part, "mutation") for part in (development.genes, test))

    rows, sealed = ([tuple(part.tokens.row(row).tolist()) for row in range(len(part))] for part in (here, there))
    assert len(set(rows)) < len(rows)
    assert not set(rows) & set(sealed)
    folds_of = {
        row: {int(at) for other, at in zip(rows, development.folds, strict=True) if other == row} for row in rows
    }
    assert {len(folds) for folds in folds_of.values()} == {1}


def test_strangers_cannot_be_searched_by_mutations(tmp_path: Path, artifacts: ArtifactStore) -> None:
    with pytest.raises(SpaceError, match=r"do not descend from one ancestor.*got encoding mutation") as refused:
        prepare(strangers(), plan(tmp_path, 'encoding = "mutation"\n'), artifacts)
    assert "Leave `encoding` out" in refused.value.next_step
    assert "hpo inspect" in refused.value.next_step


def test_relatives_can_be_searched_whole_where_the_space_says_so(tmp_path: Path, artifacts: ArtifactStore) -> None:
    contract = prepare(relatives(), plan(tmp_path, 'encoding = ["codon", "mutation"]\n'), artifacts)
    assert contract.search.space.encodings == ("codon", "mutation")
    development, _ = parts(contract, artifacts)
    assert development.encoded("codon").positions is None
    assert development.encoded("mutation").positions == len(contract.data.ancestors["mutation"]) + 1


@pytest.mark.parametrize(
    ("sampler", "original", "trials", "expected"),
    [
        ("tpe", "all", 3, ["original", "start"]),
        ("tpe", "skip", 3, ["start"]),
        ("tpe", "all", 1, ["original"]),
        ("random", "all", 3, ["original"]),
    ],
)
def test_a_search_begins_with_the_original_and_the_start_of_its_space(
    sampler: Sampler, original: Original, trials: int, expected: list[str], tmp_path: Path
) -> None:
    address = StudyAddress(storage=f"sqlite:///{tmp_path}/hpo.db", study="s", artifacts=f"{tmp_path}/artifacts")
    chosen = replace(plan(tmp_path), sampler=sampler, original=original, trials=trials, start="random")
    create(address, relatives(), chosen)
    opened = open_study(address)
    space = opened.contract.search.space
    firsts = {
        "original": space.representable(opened.contract.baseline),
        "start": space.representable(space.start),
    }
    stored = opened.storage.get_all_trials(opened.handle.study_id)
    assert [trial.system_attrs["fixed_params"] for trial in stored] == [firsts[name] for name in expected]
    opened.storage.close()
