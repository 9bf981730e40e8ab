import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
from Bio.Seq import Seq
from sklearn.linear_model import LogisticRegression

from model.encoding import encode, encodings_for
from model.errors import DataError
from model.reading import read_genes
from model.simulation import simulate, simulate_relatives, write_simulated
from model.splitting import group_ids, split


def test_the_rule_on_the_translated_protein_is_the_truth() -> None:
    made = simulate(300, 40, noise=0.2, seed=5)
    ancestor = str(Seq(made.ancestor).translate(to_stop=True))
    assert len(ancestor) == 39
    for sequence, resistant in zip(made.genes.sequences, made.truth, strict=True):
        protein = str(Seq(sequence).translate(to_stop=True))
        changed = len(protein) == 39 and any(
            protein[position - 1] != ancestor[position - 1] for position in made.resistance_positions
        )
        assert resistant == (len(protein) < 39 or changed)


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
    features = np.eye(proteins.vocabulary_size)[proteins.tokens].reshape(600, -1)
    fitted = LogisticRegression(max_iter=500).fit(features[~parts.test], labels[~parts.test])
    assert fitted.score(features[parts.test], made.truth[parts.test]) > 0.97


@pytest.mark.parametrize(
    ("genes", "codons", "noise", "told"),
    [(10, 30, 0.1, "--genes"), (100, 5, 0.1, "--codons"), (100, 30, 0.5, "--noise"), (100, 30, -0.1, "--noise")],
)
def test_impossible_requests(genes: int, codons: int, noise: float, told: str) -> None:
    with pytest.raises(DataError, match=told):
        simulate(genes, codons, noise, seed=0)


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


def test_relatives_keep_ancestor_and_rule() -> None:
    made = simulate(60, 40, noise=0.1, seed=3)
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
