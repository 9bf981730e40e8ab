import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from model.choices import SimulationRule
from model.encoding import encode, encodings_for
from model.errors import DataError
from model.reading import read_genes
from model.simulation import simulate, simulate_relatives, write_simulated
from model.splitting import group_ids, split

RULES: tuple[SimulationRule, ...] = ("additive", "epistatic", "frame")


def test_default_genes_are_those_of_the_first_version() -> None:
    made = simulate(300, 40, noise=0.2, seed=5)
    assert made.genes.fingerprint() == "f42a724504b25e68145dee7f1c1fc48557dddb7c034ae2ad95d5dbebdcaba97c"
    relatives = simulate_relatives(made, 80, 0.1, 9, 0.8)
    assert relatives.genes.fingerprint() == "16360b8df8952e181bfb932cc15c48622ecc74c737bcb035702b5aecf64785b2"


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_balanced_classes_copies_and_silent_mutations(rule: SimulationRule) -> None:
    made = simulate(1000, 60, noise=0.1, seed=1, rule=rule)
    assert 0.45 < made.truth.mean() < 0.55
    proteins = encode(made.genes, "amino_acid").identities()
    assert 150 < proteins.max() + 1 <= 250
    assert np.bincount(proteins).max() > 30
    assert len(set(made.genes.sequences)) > 2 * (proteins.max() + 1)
    assert made.ceiling == 0.9
    assert abs(made.realised_accuracy - 0.9) < 0.05


@pytest.mark.parametrize(("genes", "codons"), [(400, 30), (600, 40), (2000, 303)])
def test_genes_are_like_the_originals(genes: int, codons: int) -> None:
    made = simulate(genes, codons, noise=0.1, seed=1)
    assert made.genes.labels is not None
    assert abs(made.truth.mean() - 0.5) < 0.01
    assert {len(sequence) for sequence in made.genes.sequences} == {3 * codons}
    proteins = encode(made.genes, "amino_acid")
    copies = np.bincount(proteins.identities())
    assert 0.2 * genes < len(copies) <= 0.25 * genes
    assert copies.max() > 0.03 * genes
    assert 0.1 < (proteins.lengths < codons - 1).mean() < 0.3
    assert encode(made.genes, "nucleotide").identities().max() > 2 * len(copies)
    assert made.ceiling == 0.9
    assert made.realised_accuracy == (made.truth == made.genes.labels).mean()
    assert abs(made.realised_accuracy - 0.9) < 0.05


def test_the_same_seed_gives_the_same_genes() -> None:
    assert simulate(60, 20, 0.1, 7).genes.fingerprint() == simulate(60, 20, 0.1, 7).genes.fingerprint()
    assert simulate(60, 20, 0.1, 7).genes.fingerprint() != simulate(60, 20, 0.1, 8).genes.fingerprint()


def test_logistic_regression_comes_near_the_ceiling() -> None:
    made = simulate(600, 40, noise=0.05, seed=1)
    labels = made.genes.labels
    assert labels is not None
    parts = split(labels, group_ids(made.genes, encodings_for("dna")), 0.2, 5, seed=0)
    proteins = encode(made.genes, "amino_acid")
    features = np.eye(proteins.vocabulary_size)[proteins.tokens.padded()].reshape(600, -1)
    fitted = LogisticRegression(max_iter=500).fit(features[~parts.test], labels[~parts.test])
    assert fitted.score(features[parts.test], made.truth[parts.test]) > 0.97


@pytest.mark.parametrize(
    ("genes", "codons", "noise", "told"),
    [(10, 30, 0.1, "--genes"), (100, 5, 0.1, "--codons"), (100, 30, 0.5, "--noise"), (100, 30, -0.1, "--noise")],
)
def test_impossible_requests(genes: int, codons: int, noise: float, told: str) -> None:
    with pytest.raises(DataError, match=told):
        simulate(genes, codons, noise, seed=0)


def test_impossible_rules() -> None:
    with pytest.raises(DataError, match=r"Give --codons 40"):
        simulate(100, 39, 0.1, 0, "frame")
    with pytest.raises(DataError, match=r"'linear' is unknown.*additive, epistatic, frame"):
        simulate(100, 39, 0.1, 0, "linear")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["g.csv", "g.tsv", "g.fasta", "g.fa", "g.parquet", "g.npy", "g.csv.gz", "G.TSV.GZ", "g.npy.gz"]
)
def test_every_format_is_read_back_and_written_alike(name: str, tmp_path: Path) -> None:
    made = simulate(60, 20, 0.1, 0)
    write_simulated(made, tmp_path / name)
    again = read_genes(tmp_path / name)
    assert again.sequences == made.genes.sequences
    assert again.labels is not None
    assert made.genes.labels is not None
    assert again.labels.tolist() == made.genes.labels.tolist()
    if "npy" not in name:
        assert again.ids == made.genes.ids
    first = (tmp_path / name).read_bytes()
    write_simulated(made, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first
    assert name.lower().endswith(".gz") == (first[:2] == gzip.compress(b"")[:2])


def test_the_pickled_form_is_the_originals(tmp_path: Path) -> None:
    made = simulate(60, 20, 0.1, 0)
    write_simulated(made, tmp_path / "g.npy")
    loaded = np.load(tmp_path / "g.npy", allow_pickle=True).item()
    assert loaded["genes"] == made.genes.sequences
    assert pickle.dumps(loaded["resistant"][0]) == pickle.dumps(bool(loaded["resistant"][0]))


@pytest.mark.parametrize(("name", "told"), [("g.xlsx", "Let it end in .csv"), ("no/g.csv", "cannot be written")])
def test_places_that_cannot_be_written(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        write_simulated(simulate(60, 20, 0.1, 0), tmp_path / name)


@pytest.mark.parametrize("rule", RULES)
def test_relatives_keep_ancestor_and_rule(rule: SimulationRule) -> None:
    made = simulate(60, 40, noise=0.1, seed=3, rule=rule)
    more = simulate_relatives(made, 500, noise=0.0, seed=4, distinct_share=1.0)
    assert (more.ancestor, more.resistance_positions, more.rule) == (
        made.ancestor,
        made.resistance_positions,
        made.rule,
    )
    assert more.realised_accuracy == more.ceiling == 1
    assert len(set(encode(more.genes, "amino_acid").identities().tolist())) > 300
    assert (
        simulate_relatives(made, 60, 0.1, 5).genes.fingerprint()
        != simulate_relatives(made, 60, 0.1, 6).genes.fingerprint()
    )
