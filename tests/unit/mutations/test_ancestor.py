import numpy as np
import pytest

from model.errors import DataError
from model.mutations.alignment import differences
from model.mutations.ancestor import LARGEST_DIVERGENCE, divergence, find_ancestor
from model.simulation import simulate

PROTEIN = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"


def test_the_ancestor_of_simulated_genes_is_found() -> None:
    made = simulate(400, 60, noise=0.0, seed=3)
    assert find_ancestor(made.genes.sequences) == made.ancestor
    assert divergence(made.genes.sequences, made.ancestor, "nucleotide") < 0.1


def test_each_distinct_sequence_has_one_vote() -> None:
    assert find_ancestor(["AAAA"] * 9 + ["ACGA", "ACGT"]) == "ACGA"


def test_the_commonest_length_is_taken_and_of_two_the_larger() -> None:
    assert find_ancestor(["AC", "AC", "ACG", "ACG", "", "", ""]) == "ACG"
    assert find_ancestor(["ACGT", "AC", "AC", "GC"]) == "AC"


def test_of_two_letters_the_first_in_the_alphabet_is_taken() -> None:
    assert find_ancestor(["ACGT", "AGGT"]) == find_ancestor(["AGGT", "ACGT"]) == "ACGT"


def test_an_ambiguous_letter_gives_way_to_a_clear_one() -> None:
    assert find_ancestor(["ANNT", "ANNA", "ANCT", "GNCT"]) == "ANCT"


def test_rows_out_of_frame_have_no_vote() -> None:
    # At place 0 three C outvote two A, but all who have the C are nothing like the rest.
    near = ["ACGTACGTAC", "ACGTACGTAA", "TCGTACGTAC", "ACGTACGGAC"]
    far = ["CTTTTTTTTT", "CAAAAAAAAA", "CGGGGGGGGG", "CCCCCCCCCC"]
    assert find_ancestor(near + far)[0] == "A"


def test_many_rows_are_sampled_over_all_of_them() -> None:
    random = np.random.default_rng(0)
    genes = ["".join(random.choice(list("ACGT"), 12)) for _ in range(6000)]
    genes = [gene[:4] + "ACGT" + gene[8:] if row >= 2500 else gene for row, gene in enumerate(genes)]
    assert find_ancestor(genes)[4:8] == "ACGT"


def test_no_letters_no_ancestor() -> None:
    with pytest.raises(DataError, match="None of the sequences has a letter"):
        find_ancestor(["", ""])
    with pytest.raises(DataError, match="There are no sequences"):
        divergence([], PROTEIN, "amino_acid")


def test_divergence_is_the_median_of_distinct_rows() -> None:
    one, three = "W" + PROTEIN[1:], PROTEIN[:10] + "WWW" + PROTEIN[13:]
    assert divergence([PROTEIN] * 5 + [one, three], PROTEIN, "amino_acid") == pytest.approx(1 / 33)
    assert divergence([PROTEIN[:20]], PROTEIN, "amino_acid") == pytest.approx(1 / 33)


def test_a_tail_out_of_frame_counts_letter_by_letter() -> None:
    gene = PROTEIN[:12] + "WWCPWHCPWGCW"
    assert len(differences([gene], PROTEIN, "amino_acid").row(0)) == 2
    assert divergence([gene], PROTEIN, "amino_acid") == pytest.approx(13 / 33)


@pytest.mark.parametrize(("letters", "level"), [("ACDEFGHIKLMNPQRSTVWY", "amino_acid"), ("ACGT", "nucleotide")])
def test_unrelated_sequences_are_told(letters: str, level: str) -> None:
    random = np.random.default_rng(1)
    genes = ["".join(random.choice(list(letters), random.integers(80, 120))) for _ in range(30)]
    assert divergence(genes, find_ancestor(genes), level) > 2 * LARGEST_DIVERGENCE  # type: ignore[arg-type]
