"""The network: embedding, stacked bidirectional LSTM layers, dropout, pooling, one sigmoid unit; a linear path too."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model import runtime
from model.configuration import LearnerConfig
from model.dropout import DropoutStream
from model.encoding import PAD, is_mutation
from model.engines import LayerEngine, LayerResult, StockEngine
from model.layers import BidirectionalLSTM, pool
from model.linear import ByPosition, ByWord, LinearPath

#: Spread of the initial token vectors where positions are learnt: small ones are learnt too slowly.
POSITION_SPREAD = 0.3


class BiLSTM(nn.Module):
    """Tokens in, one logit per sequence out; a sequence's logit does not depend on its padding or its batch.

    Args:
        config: Sizes, dropout, pooling, positions and linear path.
        vocabulary_size: V, letters including PAD and UNKNOWN.
        longest: Positions that have a vector of their own, where positions are learnt; those beyond share the last.
            Where genes are given by their mutations: positions that a mutation can have.
    """

    def __init__(self, config: LearnerConfig, vocabulary_size: int, longest: int) -> None:
        super().__init__()
        self.pooling = config.pooling
        self.longest = longest
        #: Whether tokens are mutations, which say their position: position * V + letter.
        self.of_mutations = is_mutation(config.encoding)
        #: What runs the recurrent layers; may be exchanged at any time.
        self.engine: LayerEngine = StockEngine()
        # Given without values: `nn.Embedding` would draw some, which on the meta device imports torch's compiler.
        vectors = torch.empty(vocabulary_size, config.embedding_size)
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=PAD)  # type: ignore[no-untyped-call]
        learnt = self.of_mutations or config.positions == "learned"
        self.positions = nn.Parameter(torch.empty(longest, config.embedding_size)) if learnt else None
        sizes = [config.embedding_size] + [2 * config.hidden_size] * (config.layers - 1)
        self.recurrent = nn.ModuleList(BidirectionalLSTM(size, config.hidden_size) for size in sizes)
        #: Share of values that training drops after each layer, and where it gets its random numbers.
        self.dropout = config.dropout
        self._stream: DropoutStream | None = None
        self.output = nn.Linear(2 * config.hidden_size, 1)
        self.linear = _linear_path(config, vocabulary_size, longest)

    @property
    def layers(self) -> Iterator[BidirectionalLSTM]:
        """The recurrent layers, from the first."""
        return (cast(BidirectionalLSTM, layer) for layer in self.recurrent)

    def forward(self, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Computes the logit of "resistant".

        Args:
            tokens: [T, B] uint8, or int32 for mutations; time-major, PAD after each sequence's end.
            lengths: [B] int64, 1 to T; or None where every sequence has T tokens.

        Returns:
            [B] logits; the sigmoid of one is P(resistant).
        """
        first, *others = self.layers
        values, last = self._first(first, tokens, lengths)
        for layer in others:
            values, last = self.engine.features(layer, self._dropped(values), lengths)
        # Dropping pooled values is what the original does after its last layer.
        logits: Tensor = self.output(self._dropped(pool(values, last, lengths, self.pooling))).squeeze(1)
        return logits if self.linear is None else logits + self.linear(tokens, lengths)

    def _dropped(self, values: Tensor) -> Tensor:
        """Drops values while training; passes them on unchanged otherwise."""
        if not self.training or self.dropout == 0.0:
            return values
        return self.engine.dropped(values, self.dropout_stream.mask(values, self.dropout))

    def _first(self, layer: BidirectionalLSTM, tokens: Tensor, lengths: Tensor | None) -> LayerResult:
        if self.positions is None:
            return self.engine.tokens(layer, self.embedding.weight, tokens, lengths)
        if self.of_mutations:
            letters, size = self.engine.embedded, self.embedding.num_embeddings
            places = self.engine.embedded(self.positions, tokens // size, padded=False)
            return self.engine.features(layer, letters(self.embedding.weight, tokens % size) + places, lengths)
        places = _first_places(self.positions, len(tokens)).unsqueeze(1)
        return self.engine.features(layer, self.engine.embedded(self.embedding.weight, tokens) + places, lengths)

    def seed_dropout(self, seed: int) -> None:
        """Starts dropout's own random stream on the device where the weights are."""
        self._stream = DropoutStream(seed, self.output.weight.device)

    @property
    def dropout_stream(self) -> DropoutStream:
        """Dropout's random stream.

        Raises:
            RuntimeError: It was never seeded.
        """
        if self._stream is None:
            raise RuntimeError("A network with dropout trains only after `seed_dropout`.")
        return self._stream


def _linear_path(config: LearnerConfig, vocabulary_size: int, longest: int) -> LinearPath | None:
    match config.linear:
        case "by_position":
            return ByPosition(longest, vocabulary_size, stated=is_mutation(config.encoding))
        case "by_kmer":
            return ByWord(vocabulary_size)
        case _:
            return None


def _first_places(positions: Tensor, steps: int) -> Tensor:
    """Vectors [steps, E] of the first places; those beyond the last share its."""
    if steps <= len(positions):
        return positions[:steps]
    return positions[torch.arange(steps, device=positions.device).clamp(max=len(positions) - 1)]


def build_network(config: LearnerConfig, vocabulary_size: int, consensus: NDArray[np.int64], seed: int) -> BiLSTM:
    """Builds a network whose weights depend on the arguments alone.

    Args:
        config: The hyperparameters.
        vocabulary_size: V.
        consensus: [longest] the commonest token at each position of the training rows; 0 where there is none, as at
            the positions of mutations.
        seed: Decides the initial weights.

    The initial values are those of Keras, which the original used: Glorot uniform for inputs, orthogonal for
    states, forget bias 1, small embeddings. A forget bias of 1 keeps gradients alive over hundreds of tokens.

    Learnt position vectors begin as the negative of the consensus letter's vector. The ancestor of a set of mutants is
    then silence to the network and a mutation is a signal, where otherwise one letter in hundreds has to be noticed:
    on pncA the accuracy after 15 epochs rises from 0.71 to 0.86.

    Source: Glorot & Bengio 2010; Saxe et al. 2014; Jozefowicz et al. 2015; keras.layers.LSTM.
    """
    # Without values at first: torch would draw some from the process's generator, which is the caller's.
    with torch.device("meta"):
        network = BiLSTM(config, vocabulary_size, len(consensus))
    # `to_empty` would come to the same by way of sympy, whose import takes longer than a small training.
    empty = {name: torch.empty(like.shape, dtype=like.dtype) for name, like in network.state_dict().items()}
    network.load_state_dict(empty, assign=True)
    generator = torch.Generator().manual_seed(seed)
    # The last bits of an orthogonal matrix depend on how many threads compute it.
    with torch.no_grad(), runtime.one_thread():
        _initialise_embedding(network, consensus, generator)
        for layer in network.layers:
            for direction in layer.directions:
                _initialise_direction(direction, generator)
        nn.init.xavier_uniform_(network.output.weight, generator=generator)
        nn.init.zeros_(network.output.bias)
        if network.linear is not None:
            network.linear.begin(torch.from_numpy(consensus))
    return network


def _initialise_embedding(network: BiLSTM, consensus: NDArray[np.int64], generator: torch.Generator) -> None:
    vectors = network.embedding.weight
    if network.positions is None:
        nn.init.uniform_(vectors, -0.05, 0.05, generator=generator)
    else:
        nn.init.normal_(vectors, 0.0, POSITION_SPREAD, generator=generator)
    vectors[PAD] = 0.0
    if network.positions is None:
        return
    if network.of_mutations:
        nn.init.normal_(network.positions, 0.0, POSITION_SPREAD, generator=generator)
    else:
        network.positions.copy_(-vectors[torch.from_numpy(consensus)])


def _initialise_direction(lstm: nn.LSTM, generator: torch.Generator) -> None:
    nn.init.xavier_uniform_(_tensor(lstm.weight_ih_l0), generator=generator)
    nn.init.orthogonal_(_tensor(lstm.weight_hh_l0), generator=generator)
    nn.init.zeros_(_tensor(lstm.bias_hh_l0))
    # torch orders the gates input, forget, cell, output.
    for gate, part in enumerate(_tensor(lstm.bias_ih_l0).chunk(4)):
        nn.init.constant_(part, 1.0 if gate == 1 else 0.0)


def _tensor(weight: Tensor | nn.Module) -> Tensor:
    # nn.LSTM sets its weights by name, so the type checker cannot know that they are tensors.
    return cast(Tensor, weight)
