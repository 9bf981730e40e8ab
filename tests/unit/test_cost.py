"""What training costs, against figures counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from model.configuration import original_configuration
from model.cost import OPERATIONS_PER_NATIVE_STEP, OPERATIONS_PER_STEP, operations_per_epoch, operations_per_token
from model.encoding import Encoded, encode
from model.genes import Genes
from model.ragged import Ragged

ORIGINAL = original_configuration("dna")


@pytest.mark.parametrize(
    ("embedding", "hidden", "layers", "operations"),
    [
        # Two directions of four gates of one unit, which weighs an input and a state: 16 weights, 32 operations.
        (1, 1, 1, 3 * 32),
        # The second layer's unit weighs two inputs, one of each direction, and a state: 24 weights.
        (1, 1, 2, 3 * (32 + 48)),
        # The original's: 2 * 4 * 62 units, each of 50 + 62 and of 124 + 62 weights.
        (50, 62, 2, 3 * 2 * 496 * (112 + 186)),
    ],
)
def test_operations_of_a_token(embedding: int, hidden: int, layers: int, operations: int) -> None:
    config = replace(ORIGINAL, embedding_size=embedding, hidden_size=hidden, layers=layers)
    assert operations_per_token(config) == operations


def rows_of(*sequences: str) -> Encoded:
    genes = Genes(ids=list(sequences), sequences=list(sequences), labels=None, alphabet="dna")
    return encode(genes, "nucleotide")


def test_equal_rows_are_trained_once() -> None:
    # In one step.
    expected = (3 + 5) * operations_per_token(ORIGINAL) + OPERATIONS_PER_STEP
    assert operations_per_epoch(ORIGINAL, rows_of("ACG", "ACGTA", "ACG")) == expected


def test_few_distinct_rows_are_seen_several_times() -> None:
    # 640 rows in batches of 64 are 10 steps. Of 64 distinct rows a step takes 32, and no fewer: 5 passes.
    distinct = ["".join("ACGT"[number // 4**place % 4] for place in range(3)) for number in range(64)]
    rows = rows_of(*distinct * 10)
    assert len(np.unique(rows.identities())) == 64
    config = replace(ORIGINAL, batch_size=64)
    assert operations_per_epoch(config, rows) == 5 * 64 * 3 * operations_per_token(config) + 10 * OPERATIONS_PER_STEP


def test_a_step_on_mutations_costs_less_than_one_on_whole_sequences() -> None:
    tokens, lengths = np.array([[2, 3], [4, 0]]), np.array([2, 1])
    whole = Encoded(Ragged.of_padded(tokens.astype(np.uint8), lengths), 6)
    mutated = Encoded(Ragged.of_padded(tokens.astype(np.int32), lengths), 6, positions=3)
    difference = operations_per_epoch(ORIGINAL, whole) - operations_per_epoch(ORIGINAL, mutated)
    assert difference == OPERATIONS_PER_STEP - OPERATIONS_PER_NATIVE_STEP
