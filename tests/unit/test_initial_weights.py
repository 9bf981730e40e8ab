"""A network before it has learnt anything."""

from dataclasses import replace

import torch

from model.configuration import original_configuration
from model.network import build_network
from network_cases import CONSENSUS, TINY, VOCABULARY, padded


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_generator_alone() -> None:
    state = torch.random.get_rng_state()
    first, second, other = (build_network(TINY, VOCABULARY, CONSENSUS, seed) for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), state)
    for left, right in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(left, right)
    assert not torch.equal(first.embedding.weight, other.embedding.weight)


def test_initial_weights_do_not_depend_on_the_number_of_threads() -> None:
    before, weights = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        weights.append(list(build_network(original_configuration("dna"), VOCABULARY, CONSENSUS, seed=5).parameters()))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    for left, right in zip(*weights, strict=True):
        assert torch.equal(left, right)


def test_padding_has_a_zero_vector_without_a_gradient_and_forget_gates_start_open() -> None:
    network = build_network(TINY, VOCABULARY, CONSENSUS, seed=0)
    network(*padded([[1, 2], [3]], 4)).sum().backward()
    assert not network.embedding.weight[0].any()
    assert network.embedding.weight.grad is not None
    assert not network.embedding.weight.grad[0].any()
    assert network.embedding.weight.grad[1].any()
    bias = network.recurrent[0].ahead.bias_ih_l0.detach()
    assert [float(part.mean()) for part in bias.chunk(4)] == [0.0, 1.0, 0.0, 0.0]


def test_the_consensus_begins_as_silence_where_positions_are_learned() -> None:
    network = build_network(replace(TINY, positions="learned"), VOCABULARY, CONSENSUS, seed=0)
    assert network.positions is not None
    heard = network.embedding(torch.from_numpy(CONSENSUS)) + network.positions
    assert not heard.any()
    assert network.positions[:8].abs().sum(1).all()
