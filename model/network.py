"""The network: embedding, stacked bidirectional LSTM layers, dropout, pooling, one sigmoid unit."""

import torch
from torch import Tensor, nn

from model.configuration import LearnerConfig
from model.layers import BidirectionalLSTM, LayerEngine, SeededDropout, pool, stock_engine

#: The token that fills up short sequences.
PAD = 0


class BiLSTM(nn.Module):
    """Tokens in, one logit per sequence out; a sequence's logit does not depend on its padding or its batch.

    Args:
        config: Sizes, dropout and pooling.
        vocabulary_size: V, tokens including PAD and UNKNOWN.
        engine: What runs the recurrent layers.
    """

    def __init__(self, config: LearnerConfig, vocabulary_size: int, engine: LayerEngine = stock_engine) -> None:
        super().__init__()
        self.pooling = config.pooling
        self.engine = engine
        self.embedding = nn.Embedding(vocabulary_size, config.embedding_size, padding_idx=PAD)
        sizes = [config.embedding_size] + [2 * config.hidden_size] * (config.layers - 1)
        self.recurrent = nn.ModuleList(BidirectionalLSTM(size, config.hidden_size) for size in sizes)
        self.dropouts = nn.ModuleList(SeededDropout(config.dropout) for _ in sizes)
        self.output = nn.Linear(2 * config.hidden_size, 1)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Computes the logit of "resistant".

        Args:
            tokens: [T, B] int64, time-major, PAD after each sequence's end.
            lengths: [B] int64, 1 to T.

        Returns:
            [B] logits; the sigmoid of one is P(resistant).
        """
        values = self.embedding(tokens)
        last = len(self.recurrent) - 1
        for number, (layer, dropout) in enumerate(zip(self.recurrent, self.dropouts, strict=True)):
            values = self.engine(layer, values, lengths)  # type: ignore[arg-type]
            if number == last:
                # Dropping pooled values is what the original does after its last layer, and is T times less work.
                values = pool(values, lengths, self.pooling)
            values = dropout(values)
        logits: Tensor = self.output(values).squeeze(1)
        return logits

    def seed_dropout(self, seed: int) -> None:
        """Starts dropout's own random stream on the device where the weights are."""
        generator = torch.Generator(self.output.weight.device)
        generator.manual_seed(seed)
        for dropout in self.dropouts:
            dropout.generator = generator  # type: ignore[assignment]


def build_network(config: LearnerConfig, vocabulary_size: int, seed: int, engine: LayerEngine = stock_engine) -> BiLSTM:
    """Builds a network whose weights depend on `config`, `vocabulary_size` and `seed` alone.

    The initial values are those of Keras, which the original used: Glorot uniform for inputs, orthogonal for
    states, forget bias 1, small embeddings. A forget bias of 1 keeps gradients alive over hundreds of tokens.

    Source: Glorot & Bengio 2010; Saxe et al. 2014; Jozefowicz et al. 2015; keras.layers.LSTM.
    """
    # nn.LSTM draws its own initial values, to be overwritten below; the caller's random state must not notice.
    with torch.random.fork_rng(devices=[]):
        network = BiLSTM(config, vocabulary_size, engine)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        nn.init.uniform_(network.embedding.weight, -0.05, 0.05, generator=generator)
        network.embedding.weight[PAD] = 0.0
        for layer in network.recurrent:
            _initialise(layer.ahead, generator)  # type: ignore[arg-type]
            _initialise(layer.back, generator)  # type: ignore[arg-type]
        nn.init.xavier_uniform_(network.output.weight, generator=generator)
        nn.init.zeros_(network.output.bias)
    return network


def _initialise(lstm: nn.LSTM, generator: torch.Generator) -> None:
    hidden = lstm.hidden_size
    nn.init.xavier_uniform_(lstm.weight_ih_l0, generator=generator)
    nn.init.orthogonal_(lstm.weight_hh_l0, generator=generator)
    nn.init.zeros_(lstm.bias_hh_l0)
    nn.init.zeros_(lstm.bias_ih_l0)
    # torch orders the gates input, forget, cell, output.
    lstm.bias_ih_l0[hidden : 2 * hidden] = 1.0
