import numpy as np
import pytest

from model.configuration import LearnerConfig, TrainingSettings
from model.encoding import Encoded, encode
from model.mutagenesis import SUBSTITUTIONS, change_letters, common_letters, mutate_positions
from model.network import BiLSTM, build_network
from model.prediction import predict
from model.ragged import Ragged
from model.simulation import Simulated, simulate, simulate_relatives
from model.training import Examples, train_final

SMALL = LearnerConfig(
    encoding="amino_acid",
    embedding_size=8,
    hidden_size=12,
    layers=1,
    dropout=0.0,
    pooling="max",
    learning_rate=0.02,
    batch_size=32,
    weight_decay=0.0,
    schedule="constant",
    positions="learned",
)


def trained(made: Simulated) -> tuple[BiLSTM, Encoded]:
    encoded, labels = encode(made.genes, "amino_acid"), made.genes.labels
    assert labels is not None
    rows = Examples(encoded.tokens, labels)
    settings = TrainingSettings(engine="stock")
    return train_final(SMALL, settings, rows, encoded.vocabulary_size, epochs=12, seed=0)[0], encoded


@pytest.mark.slow
def test_the_resistance_residues_come_out_on_top() -> None:
    rule = simulate(40, 100, noise=0.03, seed=2)
    made = simulate_relatives(rule, 600, noise=0.03, seed=1, distinct_share=1.0)
    network, encoded = trained(made)
    found = mutate_positions(network, encoded.subset(np.arange(60)), common_letters(encoded), seed=0)
    assert found is not None
    top = np.argsort(-found.effect)[: len(made.resistance_positions)] + 1
    assert set(top.tolist()) == set(made.resistance_positions)


def untrained() -> BiLSTM:
    return build_network(SMALL, 24, np.zeros(6, dtype=np.int64), seed=0)


def sequences(rows: list[list[int]]) -> Encoded:
    tokens = np.array(rows, dtype=np.uint8)
    return Encoded(Ragged.of_padded(tokens, (tokens > 0).sum(axis=1).astype(np.int64)), 24)


def test_only_positions_where_genes_differ_are_tried() -> None:
    seen = sequences([[2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 9, 7], [2, 8, 4, 5, 6, 7], [2, 8, 4, 5, 6, 0]])
    found = mutate_positions(untrained(), seen, common_letters(seen), seed=0)
    assert found is not None
    assert found.tried.tolist() == [False, True, False, False, True, False]
    assert (found.effect > 0).tolist() == found.tried.tolist()
    assert (found.genes, found.mutants) == (4, 8)


def test_one_gene_is_changed_letter_by_letter() -> None:
    seen = sequences([[2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 9, 7], [2, 8, 4, 5, 6, 7], [2, 8, 4, 5, 6, 0]])
    network = untrained()
    found = change_letters(network, seen, 1, common_letters(seen))
    assert list(zip(found.places.tolist(), found.letters.tolist(), strict=True)) == [(1, 8), (4, 6)]
    changed = sequences([[2, 3, 4, 5, 9, 7], [2, 8, 4, 5, 9, 7], [2, 3, 4, 5, 6, 7]])
    own, *others = predict(network, changed)
    np.testing.assert_allclose(found.change, np.array(others) - own, atol=1e-6)


def test_commonest_letters_are_tried_and_not_all() -> None:
    seen = sequences([[2, letter, 4, 5, 6, 7] for letter in (2, 2, 3, 4, 5, 6, 7) for _ in range(3)])
    found = mutate_positions(untrained(), seen, common_letters(seen), seed=0)
    assert found is not None
    assert found.mutants == found.genes * SUBSTITUTIONS


def test_too_few_or_too_long_sequences_are_left_alone() -> None:
    seen = sequences([[2, 3, 4], [2, 4, 4]])
    assert mutate_positions(untrained(), seen, common_letters(seen), seed=0) is None
    long = sequences([[2 + (row + place) % 9 for place in range(3000)] for row in range(9)])
    assert mutate_positions(untrained(), long, common_letters(long), seed=0) is None
