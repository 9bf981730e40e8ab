"""The linear path: one weight per letter at a position, or per word, and nothing of padding."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.encoder import Encoder
from model.engines import StockEngine, engine_for
from model.errors import DataError
from model.genes import Genes
from model.gpu.cudnn import CudnnEngine
from model.gpu.gathering import sum_up
from model.linear import ByPosition, ByWord, LinearPath, word_size
from model.native import native_layer
from model.network import BiLSTM, build_network
from model.prediction import predict
from model.ragged import Ragged
from model.training import train_final

VOCABULARY = 7
CONSENSUS = torch.tensor([2, 3, 0, 4])
PATHS = (lambda: ByPosition(4, VOCABULARY, stated=False), lambda: ByWord(VOCABULARY))
rows = st.lists(st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=9), min_size=1, max_size=4)


def padded(sequences: list[list[int]], steps: int, dtype: torch.dtype = torch.uint8) -> tuple[Tensor, Tensor]:
    """Tokens [T, B] and lengths [B]."""
    tokens = torch.zeros(steps, len(sequences), dtype=dtype)
    for column, sequence in enumerate(sequences):
        tokens[: len(sequence), column] = torch.tensor(sequence, dtype=dtype)
    return tokens, torch.tensor([len(sequence) for sequence in sequences])


def learnt(path: LinearPath) -> LinearPath:
    """With weights that are not 0."""
    with torch.no_grad():
        path.begin(CONSENSUS)
        path.weight.copy_(torch.randn(path.weight.shape, generator=torch.Generator().manual_seed(0)))
    return path


def plain_by_position(path: ByPosition, sequence: list[int]) -> float:
    total = 0.0
    for place, letter in enumerate(sequence[: len(CONSENSUS)]):
        if letter != CONSENSUS[place]:
            total += path.weight[place, letter].item()
    return total


def plain_by_word(path: ByWord, sequence: list[int]) -> float:
    size = word_size(VOCABULARY)
    words = [sequence[start : start + size] for start in range(len(sequence) - size + 1)]
    numbers = [sum(letter * VOCABULARY ** (size - 1 - at) for at, letter in enumerate(word)) for word in words]
    return sum(path.weight[number].item() for number in numbers) / max(len(words), 1) ** 0.5


@given(sequences=rows, padding=st.integers(0, 5))
@settings(deadline=None)
def test_a_sequence_sums_the_weights_of_its_letters_where_they_are_not_the_consensus(
    sequences: list[list[int]], padding: int
) -> None:
    path = learnt(ByPosition(4, VOCABULARY, stated=False))
    found = path(*padded(sequences, max(map(len, sequences)) + padding))
    expected = torch.tensor([plain_by_position(path, sequence) for sequence in sequences])
    torch.testing.assert_close(found, expected)


@given(
    mutations=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), max_size=5), min_size=1, max_size=4)
)
@settings(deadline=None)
def test_a_mutation_has_the_weights_of_its_position_and_of_both_wherever_it_stands(
    mutations: list[list[tuple[int, int]]],
) -> None:
    path = ByPosition(4, VOCABULARY, stated=True)
    with torch.no_grad():
        path.begin(torch.zeros(4, dtype=torch.int64))
        path.weight.copy_(torch.arange(4 * VOCABULARY).view(4, VOCABULARY))
    tokens = [[place * VOCABULARY + letter for place, letter in row] for row in mutations]
    found = path(*padded(tokens, 7, torch.int32))
    assert found.tolist() == [float(sum(token + token // VOCABULARY * VOCABULARY for token in row)) for row in tokens]


@pytest.mark.parametrize("stated", [False, True])
def test_a_gpus_way_sums_the_same_weights_and_has_the_same_gradients(stated: bool) -> None:
    path = learnt(ByPosition(4, VOCABULARY, stated))
    sequences = [[5, 6, 1, 3, 2, 4], [3], [6, 6]]
    if stated:
        sequences = [
            [(2 * n + row) % 4 * VOCABULARY + letter for n, letter in enumerate(one)]
            for row, one in enumerate(sequences)
        ]
    tokens, lengths = padded(sequences, 8, torch.int32 if stated else torch.uint8)
    one, other = path(tokens, lengths), sum_up(path.weight * path.counted, tokens, stated)
    torch.testing.assert_close(one, other)
    weigh = torch.tensor([1.0, -2.0, 3.0])
    gradients = [torch.autograd.grad((weigh * logits).sum(), [path.weight])[0] for logits in (one, other)]
    torch.testing.assert_close(*gradients)


@given(sequences=rows, padding=st.integers(0, 5))
@settings(deadline=None)
def test_words_are_summed_over_the_root_of_their_number_and_short_rows_have_none(
    sequences: list[list[int]], padding: int
) -> None:
    path = learnt(ByWord(VOCABULARY))
    found = path(*padded(sequences, max(map(len, sequences)) + padding))
    expected = torch.tensor([plain_by_word(path, sequence) for sequence in sequences])
    torch.testing.assert_close(found, expected)


def test_words_of_rows_of_one_length_need_no_lengths() -> None:
    path = learnt(ByWord(VOCABULARY))
    tokens, lengths = padded([[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]], 6)
    torch.testing.assert_close(path(tokens, None), path(tokens, lengths))


@pytest.mark.parametrize(("vocabulary_size", "size"), [(6, 6), (7, 5), (22, 3), (66, 2), (300, 1)])
def test_words_are_as_long_as_their_number_allows(vocabulary_size: int, size: int) -> None:
    assert word_size(vocabulary_size) == size


@pytest.mark.parametrize("make", PATHS)
def test_a_path_is_zero_at_the_start_and_its_letters_are_learnt_but_padding_is_not(
    make: Callable[[], LinearPath],
) -> None:
    path = make()
    with torch.no_grad():
        path.begin(CONSENSUS)
    logits = path(*padded([[2, 3, 4, 4, 5, 6], [1, 1, 1, 1, 1]], 8))
    assert logits.tolist() == [0.0, 0.0]
    (gradient,) = torch.autograd.grad(logits.sum(), [path.weight])
    # At four positions only the third letter of the first row is not the consensus, and none of the second is; of the
    # words, 2 of 6 letters and 1 of 5.
    assert int((gradient != 0).sum()) == (5 if isinstance(path, ByPosition) else 3)
    if isinstance(path, ByPosition):
        assert not gradient[0, 2]
        assert not gradient[1, 3]
        assert not gradient[:, 0].any()


def config(**changes: object) -> LearnerConfig:
    small = replace(original_configuration("dna"), embedding_size=3, hidden_size=4, layers=1, dropout=0.0)
    return replace(small, **changes)  # type: ignore[arg-type]


def network(**changes: object) -> BiLSTM:
    return build_network(config(**changes), VOCABULARY, CONSENSUS.numpy(), seed=1)


@pytest.mark.parametrize("linear", ["by_position", "by_kmer"])
def test_the_paths_logit_is_added_to_the_networks(linear: str) -> None:
    batch = padded([[1, 2, 3, 4, 5, 6], [3]], 7)
    without, beside = network().eval(), network(linear=linear).eval()
    assert torch.equal(beside(*batch), without(*batch))
    assert beside.linear is not None
    learnt(beside.linear)
    torch.testing.assert_close(beside(*batch), without(*batch) + beside.linear(*batch))


ENGINES = [
    pytest.param(CudnnEngine, id="cudnn"),
    pytest.param(
        lambda: engine_for("native", torch.device("cpu")),
        id="native",
        marks=pytest.mark.skipif(native_layer() is None, reason="the native layer cannot run here"),
    ),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("linear", ["by_position", "by_kmer"])
def test_every_engine_computes_the_same_logits_and_gradients(linear: str, engine: Callable[[], object]) -> None:
    results = []
    for make in (StockEngine, engine):
        made = network(linear=linear)
        made.engine = make()  # type: ignore[assignment]
        assert made.linear is not None
        learnt(made.linear)
        logits = made(*padded([[1, 2, 3, 4, 5, 6], [3], [2, 3, 1, 6, 6]], 7))
        results.append([logits, *torch.autograd.grad((2 * logits).sum(), list(made.parameters()))])
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("encoding", ["mutation", "mutation_nucleotide"])
def test_mutations_have_no_words(encoding: str) -> None:
    with pytest.raises(DataError, match=f"'by_kmer' with encoding '{encoding}'.*by_position"):
        config(encoding=encoding, linear="by_kmer")


def test_training_takes_the_consensus_of_its_rows_out_of_the_path() -> None:
    tokens = np.array([[2, 3, 4], [2, 3, 4], [2, 5, 4], [2, 3, 5]] * 4, dtype=np.uint8)
    data = Examples(Ragged.of_padded(tokens, np.full(16, 3)), tokens[:, 1] == 5)
    made, _ = train_final(
        config(linear="by_position", batch_size=16), TrainingSettings(engine="stock"), data, 6, epochs=2, seed=0
    )
    assert isinstance(made.linear, ByPosition)
    moved = {(int(place), int(letter)) for place, letter in made.linear.weight.nonzero()}
    assert moved == {(1, 5), (2, 5)}


def test_training_on_mutations_learns_weights_for_each_mutation_and_position_that_is_seen() -> None:
    encoder = Encoder(ancestors={"mutation": "MKTA"})
    genes = Genes([""] * 16, ["MKTA", "MKSA", "MRTA", "MKSA"] * 4, None, "protein")
    encoded = encoder.encode(genes, "mutation")
    data = Examples(encoded.tokens, np.array([False, True, False, True] * 4))
    chosen = config(encoding="mutation", linear="by_position", batch_size=16, learning_rate=0.01)
    made, _ = train_final(
        chosen,
        TrainingSettings(engine="stock"),
        data,
        encoded.vocabulary_size,
        epochs=3,
        seed=0,
        positions=encoded.positions,
    )
    assert made.linear is not None
    names = {encoder.spelled(int(place), int(letter), "mutation") for place, letter in made.linear.weight.nonzero()}
    # A position's own weight is named by the ancestor's letter there.
    assert names == {"p.Thr3Ser", "Thr3", "p.Lys2Arg", "Lys2", "p.Ter5=", "Ter5"}
    letters = encoder.vocabulary("mutation")
    assert made.linear.weight[2, letters.index("S")] > 0 > made.linear.weight[1, letters.index("R")]
    assert predict([made], encoded)[1] > predict([made], encoded)[2]
