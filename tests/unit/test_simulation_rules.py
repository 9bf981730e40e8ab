from collections.abc import Callable

import numpy as np
import pytest
from Bio.Seq import Seq
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from model.choices import SimulationRule
from model.encoding import Encoding, encode
from model.simulation import Simulated, linear_ceiling, simulate, simulate_relatives
from model.simulation.epistatic import Epistatic
from model.simulation.frame import Frame

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


@pytest.mark.slow
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
    features = OneHotEncoder(dtype=np.float32).fit_transform(encoded.tokens.padded())
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
