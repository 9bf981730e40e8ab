"""Baselines on toy data where the right answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hpo.evaluation.baselines import (
    BaselineData,
    all_baselines,
    fit_once,
    identical_sequence,
    kmer_logistic_regression,
    logistic_regression,
    majority,
)
from hpo.evaluation.linear import PENALTIES, kmer_counts, one_hot
from model.baseline import NAMES, KeptBaseline
from model.encoder import Encoder
from model.genes import Genes
from model.ragged import Ragged
from model.saving.baseline import baseline_bytes, read_baseline


def equally_long(tokens: np.ndarray) -> Ragged:
    return Ragged.of(tokens.ravel(), np.full(len(tokens), tokens.shape[1]))


def toy(rows: int = 200, *, decisive: int = 3) -> BaselineData:
    """Random letters; resistant is whoever has letter 2 at the decisive position."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(2, 4, (rows + 50, 12)).astype(np.uint8)
    labels = tokens[:, decisive] == 2
    return BaselineData(
        tokens=equally_long(tokens[:rows]),
        labels=labels[:rows],
        folds=np.arange(rows) % 5,
        test_tokens=equally_long(tokens[rows:]),
        test_labels=labels[rows:],
    )


def test_majority_says_the_commoner_class_of_the_other_folds() -> None:
    labels = np.array([True, True, True, False, False, False, False])
    tokens = np.full((7, 3), 2, dtype=np.uint8)
    # Without fold 0 (three resistant) susceptible is commoner, without fold 1 resistant.
    data = BaselineData(equally_long(tokens), labels, np.array([0, 0, 0, 1, 1, 1, 1]))
    found = majority(data)
    assert found.fold_accuracies == (0, 0)
    assert found.test_accuracy is None
    assert found.test_probabilities is None


def test_identical_sequence_remembers_and_falls_back_to_the_majority() -> None:
    known = np.array([[2, 3], [2, 3], [2, 3], [3, 3], [3, 3], [3, 3], [3, 3]], dtype=np.uint8)
    labels = np.array([True, True, False, False, False, False, False])
    data = BaselineData(
        equally_long(known),
        labels,
        np.array([0, 1, 2, 0, 1, 2, 0]),
        test_tokens=Ragged.of(np.array([2, 3, 3, 3, 4, 4, 4], dtype=np.uint8), np.array([2, 2, 3])),
        test_labels=np.array([True, False, False]),
    )
    found = identical_sequence(data)
    assert found.test_probabilities == pytest.approx([2 / 3, 0, 2 / 7])
    assert found.test_accuracy == 1


def test_logistic_regression_finds_the_decisive_position() -> None:
    found = logistic_regression(toy())
    assert found.cv == 1
    assert found.test_accuracy == 1


def without_tuning(data: BaselineData, penalty: float) -> float:
    """CV accuracy of a logistic regression with one penalty for all."""
    x, right = one_hot(data.tokens).matrix, []
    for fold in range(5):
        inside, outside = data.folds != fold, data.folds == fold
        fitted = LogisticRegression(C=penalty, max_iter=300).fit(x[inside], data.labels[inside])
        right.append((fitted.predict(x[outside]) == data.labels[outside]).mean())
    return float(np.mean(right))


def test_the_penalty_is_tuned_down_for_noise_and_up_for_a_rare_letter() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(2, 4, (300, 60)).astype(np.uint8)
    noisy = (tokens[:, 3] == 2) ^ (rng.random(300) < 0.2)
    data = BaselineData(equally_long(tokens), noisy, np.arange(300) % 5)
    assert logistic_regression(data).cv > without_tuning(data, PENALTIES[-1]) + 0.05
    rare = np.random.default_rng(0).random(300) < 0.12
    tokens = np.where((np.arange(60) == 3) & rare[:, None], 4, tokens).astype(np.uint8)
    data = replace(data, tokens=equally_long(tokens), labels=rare)
    assert logistic_regression(data).cv > without_tuning(data, PENALTIES[0]) + 0.05


def test_logistic_regression_weights_copies_like_rows() -> None:
    data = toy(rows=60)
    order = np.repeat(np.arange(60), 3)
    copied = replace(
        data,
        tokens=data.tokens.subset(order),
        labels=data.labels[order],
        folds=data.folds[order],
    )
    assert logistic_regression(copied).cv == logistic_regression(data).cv


def test_kmers_find_a_word_wherever_it_stands() -> None:
    rng = np.random.default_rng(1)
    tokens = rng.integers(2, 4, (100, 30)).astype(np.uint8)
    labels = np.arange(100) % 2 == 0
    places = rng.integers(0, 24, 100)
    for row in np.flatnonzero(labels):
        tokens[row, places[row] : places[row] + 6] = [5, 4, 5, 4, 5, 4]
    data = BaselineData(equally_long(tokens), labels, np.arange(100) // 2 % 5)
    assert kmer_logistic_regression(data).cv == 1


def test_test_labels_never_reach_a_fit() -> None:
    data = toy(rows=40)
    assert data.test_labels is not None
    lying = replace(data, test_labels=~data.test_labels)
    for fit in (majority, identical_sequence, logistic_regression):
        honest, lied = fit(data), fit(lying)
        assert honest.probabilities.tolist() == lied.probabilities.tolist()
        assert honest.test_probabilities is not None
        assert lied.test_probabilities is not None
        assert honest.test_probabilities.tolist() == lied.test_probabilities.tolist()
        assert (honest.test_accuracy or 0) + (lied.test_accuracy or 0) == pytest.approx(1)


def test_features_skip_padding_and_constant_columns() -> None:
    tokens = Ragged.of(np.array([2, 3, 2, 4, 3, 2, 4], dtype=np.uint8), np.array([2, 3, 2]))
    # Position 0 is the same everywhere; position 1 has two letters; position 2 one letter or none.
    assert one_hot(tokens).matrix.toarray().tolist() == [[1, 0, 0], [0, 1, 1], [0, 1, 0]]
    counts = kmer_counts(Ragged.of(np.array([2, 3, 2, 3, 2, 3], dtype=np.uint8), np.array([4, 2]))).matrix
    assert counts.shape[1] <= 3


def test_rows_of_one_class_get_their_share() -> None:
    data = replace(toy(rows=20), labels=np.ones(20, dtype=bool))
    assert [round(baseline.cv, 6) for baseline in all_baselines(data)] == [1, 1, 1, 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_regression_that_is_kept_predicts_what_it_was_tested_with(name: str) -> None:
    """Also of a gene that has what no training gene had, and after it was written and read."""
    generator = np.random.default_rng(3)
    ancestor = "".join(generator.choice(list("ACDEFGHIKLMNPQRSTVWY"), 40))
    sequences = []
    for _ in range(150):
        letters = list(ancestor)
        for place in generator.integers(0, 40, 3):
            letters[place] = str(generator.choice(list("ACDEFGHIKL")))
        sequences.append("".join(letters)[: generator.integers(35, 41)])
    genes = Genes(sequences, sequences, np.array([one[7] == ancestor[7] for one in sequences]), "protein")
    encoder = Encoder(ancestors={"mutation": ancestor})
    whole, mutations = encoder.encode(genes, "amino_acid"), encoder.encode(genes, "mutation")
    labels = genes.labels
    assert labels is not None
    rows, test = np.arange(100), np.arange(100, 150)
    data = BaselineData(
        tokens=whole.tokens.subset(rows),
        labels=labels[rows],
        folds=np.arange(100) % 5,
        test_tokens=whole.tokens.subset(test),
        test_labels=labels[test],
        mutations=mutations.tokens.subset(rows),
        test_mutations=mutations.tokens.subset(test),
    )
    tested = next(baseline for baseline in all_baselines(data) if baseline.name == name)
    features, fitted = fit_once(name, data)
    by_mutations = name.startswith("mutation")
    kept = KeptBaseline(
        name=name,
        encoding="mutation" if by_mutations else "amino_acid",
        ancestor=ancestor if by_mutations else None,
        base=features.base,
        size=features.size,
        numbers=features.numbers,
        weights=fitted.coefficients,
        intercept=fitted.intercept,
    )
    read = read_baseline(baseline_bytes(kept), "protein")
    np.testing.assert_allclose(
        read.probabilities(genes.subset(np.arange(100, 150)), 1, False), tested.test_probabilities
    )
    odd = Genes(["a", "b"], ["WX" * 40, "W"], None, "protein")
    assert np.isfinite(read.probabilities(odd, 1, False)).all()
