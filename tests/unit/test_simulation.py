import gzip
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from Bio.Seq import Seq
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from model.choices import SimulationRule
from model.encoding import Encoding, encode, encodings_for
from model.errors import DataError
from model.reading import read_genes
from model.simulation import Simulated, linear_ceiling, simulate, simulate_relatives, write_simulated
from model.simulation.epistatic import Epistatic
from model.simulation.frame import Frame
from model.splitting import group_ids, split

RULES: tuple[SimulationRule, ...] = ("additive", "epistatic", "frame")


def protein_of(sequence: str) -> str:
    whole = sequence[: len(sequence) // 3 * 3]
    return str(Seq(whole).translate(to_stop=True))


def additive(made: Simulated, protein: str) -> bool:
    ancestor = protein_of(made.ancestor)
    return len(protein) < len(ancestor) or any(
        protein[position - 1] != ancestor[position - 1] for position in made.resistance_positions
    )


def epistatic(made: Simulated, protein: str) -> bool:
    assert isinstance(made.rule, Epistatic)
    ancestor = protein_of(made.ancestor)
    return any(
        (protein[first - 1] == ancestor[first - 1]) != (protein[second - 1] == ancestor[second - 1])
        for first, second in made.rule.pairs
    )


def frame(made: Simulated, protein: str) -> bool:
    region = slice(made.resistance_positions[0] - 1, made.resistance_positions[-1])
    repeated = protein_of(made.ancestor)[slice(*frame_repeat(made))]
    return protein[region] not in repeated


def frame_repeat(made: Simulated) -> tuple[int, int]:
    assert isinstance(made.rule, Frame)
    return made.rule.repeat[0] - 1, made.rule.repeat[1]


@pytest.mark.parametrize("codons", [40, 101])
@pytest.mark.parametrize("recomputed", [additive, epistatic, frame])
def test_the_rule_on_the_translated_protein_is_the_truth(
    recomputed: Callable[[Simulated, str], bool], codons: int
) -> None:
    rule = next(name for name in RULES if name == recomputed.__name__)
    made = simulate(800, codons, noise=0.2, seed=5, rule=rule)
    assert len(protein_of(made.ancestor)) == codons - 1
    assert not recomputed(made, protein_of(made.ancestor))
    for sequence, resistant in zip(made.genes.sequences, made.truth, strict=True):
        assert resistant == recomputed(made, protein_of(sequence))


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


@pytest.mark.parametrize(
    ("rule", "least", "most"), [("additive", 0.94, 0.951), ("epistatic", 0.8, 0.9), ("frame", 0.5, 0.9)]
)
def test_only_the_additive_rule_lets_a_linear_model_reach_the_ceiling(
    rule: SimulationRule, least: float, most: float
) -> None:
    made = simulate(400, 60, noise=0.05, seed=2, rule=rule)
    measured = linear_ceiling(made, seed=1)
    assert least < measured < most
    assert linear_ceiling(made, seed=1) == measured


@pytest.mark.parametrize("encoding", ["nucleotide", "codon", "amino_acid"])
def test_no_encoding_gives_a_shifted_frame_away_to_a_linear_model(encoding: Encoding) -> None:
    made = simulate_relatives(simulate(400, 60, 0.0, 3, "frame"), 6000, 0.0, 4, distinct_share=1.0)
    encoded = encode(made.genes, encoding)
    features = OneHotEncoder(dtype=np.float32).fit_transform(encoded.tokens)
    fitted = LogisticRegression(C=0.03, max_iter=1000).fit(features[:4000], made.truth[:4000])
    assert fitted.score(features[4000:], made.truth[4000:]) < 0.9


def test_mutations_of_a_pair_are_found_alone_and_together() -> None:
    made = simulate_relatives(simulate(400, 60, 0.0, 3, "epistatic"), 1000, 0.0, 4, distinct_share=1.0)
    assert isinstance(made.rule, Epistatic)
    proteins = np.array([list(protein_of(sequence)) for sequence in made.genes.sequences])
    mutated = proteins != np.array(list(protein_of(made.ancestor)))
    for first, second in np.array(made.rule.pairs) - 1:
        one, other = mutated[:, first], mutated[:, second]
        assert min((one & ~other).sum(), (other & ~one).sum(), (one & other).sum()) > 40
        assert (one & other & ~made.truth).sum() > 20


def test_the_frames_of_the_repeat_have_the_same_codons_in_another_order() -> None:
    made = simulate(40, 60, 0.0, 0, "frame")
    first, last = frame_repeat(made)
    repeat = made.ancestor[3 * first : 3 * last]
    codons = [[repeat[at : at + 3] for at in range(shift, shift + 15, 3)] for shift in range(3)]
    assert sorted(codons[0]) == sorted(codons[1]) == sorted(codons[2])
    proteins = [protein_of("".join(read)) for read in codons]
    assert all(shifted not in 2 * proteins[0] for shifted in proteins[1:])


def test_a_restored_frame_is_harmless_and_a_shift_behind_the_region_too() -> None:
    made = simulate_relatives(simulate(40, 60, 0.0, 0, "frame"), 400, 0.0, 4, distinct_share=1.0)
    begin, end = made.resistance_positions[0] - 1, made.resistance_positions[-1]
    first, last = frame_repeat(made)
    repeat = protein_of(made.ancestor)[first:last]
    susceptible = [protein_of(sequence) for sequence in np.array(made.genes.sequences)[~made.truth]]
    restored = [protein[first:begin] not in repeat for protein in susceptible]
    behind = [protein[end : last - 5] not in repeat for protein in susceptible]
    assert np.mean(restored) > 0.5
    assert np.mean(behind) > 0.5


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
