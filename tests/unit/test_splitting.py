import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.encoding import encodings_for
from model.errors import DataError
from model.genes import Genes
from model.simulation import simulate
from model.splitting import group_ids, split, unseen


def rows(groups: int, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Groups of 1 to 6 rows with mixed labels."""
    random = np.random.default_rng(seed)
    ids = np.repeat(np.arange(groups), random.integers(1, 7, groups))
    return random.random(len(ids)) < 0.3, ids


def test_rows_that_are_alike_under_any_encoding_are_one_group() -> None:
    # TTA and CTG are both leucine; what stands behind the stop is not translated.
    genes = Genes([""] * 5, ["ATGTTA", "ATGCTG", "ATGTTATAAC", "ATGGGG", "ATGGGG"], None, "dna")
    assert group_ids(genes, encodings_for("dna")).tolist() == [0, 0, 0, 1, 1]
    assert group_ids(genes, ("nucleotide",)).tolist() == [0, 1, 2, 3, 3]


def test_groups_chain_over_encodings() -> None:
    # Rows 1 and 2 have equal nucleotide tokens (R and N are unknown), rows 2 and 3 equal proteins.
    genes = Genes([""] * 3, ["ATGAAR", "ATGAAN", "ATGAAYTAA"], None, "dna")
    assert group_ids(genes, ("nucleotide",)).tolist() == [0, 0, 1]
    assert group_ids(genes, ("nucleotide", "codon")).tolist() == [0, 0, 0]


@given(st.integers(40, 120), st.integers(0, 10_000), st.integers(2, 5))
def test_groups_never_straddle_and_parts_have_their_share(groups: int, seed: int, folds: int) -> None:
    labels, ids = rows(groups, seed)
    assume(len(np.unique(ids[labels])) > 4 * folds)
    parts = split(labels, ids, 0.2, folds, seed)
    for group in np.unique(ids):
        assert len(np.unique(parts.fold[ids == group])) == 1
    assert ((parts.fold == -1) == parts.test).all()
    assert abs(parts.test.mean() - 0.2) < 6 / len(ids) + 0.03
    for fold in range(folds):
        share = (parts.fold == fold).mean()
        assert abs(share - 0.8 / folds) < 6 / len(ids) + 0.03


def test_parts_are_stratified_to_the_row_where_groups_allow() -> None:
    labels = np.arange(1000) % 4 == 0
    parts = split(labels, np.arange(1000), 0.2, 5, seed=3)
    for part in range(-1, 5):
        here = labels[parts.fold == part]
        assert len(here) == (200 if part == -1 else 160)
        assert here.mean() == 0.25


def test_the_seed_decides() -> None:
    labels, ids = rows(100)
    first = split(labels, ids, 0.2, 5, seed=1).fold
    assert (split(labels, ids, 0.2, 5, seed=1).fold == first).all()
    assert (split(labels, ids, 0.2, 5, seed=2).fold != first).any()


def test_the_commonest_sequence_is_tested_about_as_often_as_the_share_says() -> None:
    ids = np.concatenate([np.zeros(20, dtype=np.int64), np.arange(1, 181)])
    labels = np.arange(200) % 2 == 0
    tested = sum(bool(split(labels, ids, 0.2, 5, seed=seed).test[0]) for seed in range(100))
    assert 5 < tested < 40


def test_a_sequence_larger_than_a_fold_names_the_way_on() -> None:
    labels = np.arange(100) % 2 == 0
    ids = np.where(np.arange(100) < 61, 0, np.arange(100))
    with pytest.raises(DataError, match=r"61 of 100 rows \(61.0%\).*room for 16.*--duplicates spread"):
        split(labels, ids, 0.2, 5, seed=0)
    parts = split(labels, ids, 0.2, 5, seed=0, duplicates="spread")
    assert parts.test.sum() == 20
    new = unseen(ids, parts.test)
    assert new.tolist() == [ids[row] not in ids[~parts.test] for row in np.flatnonzero(parts.test)]
    assert new.any()
    assert not new.all()


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([True] * 50, "All 50 rows are resistant"),
        ([False] * 50, "All 50 rows are susceptible"),
        ([True] * 5 + [False] * 45, "Only 5 different sequences are resistant; 5 folds.*--folds 4"),
        ([True] * 2 + [False] * 45, "Only 2 different sequences are resistant.*Add data.$"),
    ],
)
def test_too_little_of_a_class(labels: list[bool], told: str) -> None:
    with pytest.raises(DataError, match=told):
        split(np.array(labels), np.arange(len(labels)), 0.2, 5, seed=0)


def test_a_part_of_one_class_is_refused() -> None:
    # Ten of twelve resistant rows are copies of one sequence: with it in a fold, the other fold may get none.
    ids = np.concatenate([np.zeros(10, dtype=np.int64), np.arange(1, 51)])
    labels = np.arange(60) < 12
    with pytest.raises(DataError, match=r"all \d+ rows of fold \d would be of one class"):
        for seed in range(20):
            split(labels, ids, 0.2, 2, seed)


@pytest.mark.parametrize(
    ("test_size", "folds", "told"), [(0, 5, "--test-size"), (1, 5, "--test-size"), (0.2, 1, "--folds")]
)
def test_impossible_requests(test_size: float, folds: int, told: str) -> None:
    with pytest.raises(DataError, match=told):
        split(np.arange(50) % 2 == 0, np.arange(50), test_size, folds, seed=0)


def test_the_test_set_is_as_contradictory_as_the_rest() -> None:
    noise = []
    for seed in range(30):
        made = simulate(1200, 60, noise=0.1, seed=seed)
        assert made.genes.labels is not None
        parts = split(made.genes.labels, group_ids(made.genes, ("amino_acid",)), 0.2, 5, seed)
        flipped = made.genes.labels != made.truth
        noise.append(flipped[parts.test].mean() - flipped[~parts.test].mean())
    # One study's difference has a standard deviation of about 0.02, the mean of 30 one of 0.004.
    assert abs(np.mean(noise)) < 0.01
