"""cuDNN's bidirectional call for rows of any lengths: both directions at once, masked, nothing reversed.

Where rows are shorter than T, one more input tells the gates so: at padding it closes the input gate and the forget
gate, so that cell and output are exactly 0 there. The backward direction then reaches a row's last token with the state
that it has to begin with, and no gradient leaves padding. A row's outputs are those of the row alone.

Kernels that mask by themselves (packed sequences) need the lengths on the host, which a captured step cannot ask, and
took several times as long.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from model.dropout import DropoutMask
from model.gpu.gathering import at_ends, look_up
from model.layers import BidirectionalLSTM

#: What padding adds to the gates that it closes: its exponential is infinite in every precision, its value in none.
CLOSED = -1e4
#: Inputs are a multiple of this where padding is told, for the sake of the matrix product's loads.
ALIGNMENT = 4
_LSTM = 2  # cuDNN's number of this kind of layer
_WEIGHTS = 4  # of one direction: input, state, and a bias of each


@dataclass(frozen=True, eq=False)
class _Block:
    """A layer's weights in one piece of memory, in cuDNN's order."""

    #: [all weights].
    memory: Tensor
    #: Views into it: input [4H, I + P], state [4H, H], biases [4H], [4H]; forward direction first.
    parts: tuple[Tensor, ...]
    #: [4H, P], what the P inputs that tell of padding do to the gates: the first closes two of them.
    closing: Tensor


class CudnnEngine:
    """One call for both directions; belongs to one network on one device. On a CPU it computes the same, slowly."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[BidirectionalLSTM, int], _Block] = {}

    def features(self, layer: BidirectionalLSTM, values: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `LayerEngine`. Outputs at padding are 0."""
        extra = 0 if lengths is None else ALIGNMENT - values.shape[2] % ALIGNMENT
        if lengths is not None:
            late = torch.arange(len(values), device=values.device).unsqueeze(1) >= lengths
            values = torch.cat([values, late.to(values.dtype).unsqueeze(2).expand(-1, -1, extra)], dim=2)
        block = self._block(layer, extra)
        weights: list[Tensor] = [weight for direction in layer.directions for weight in direction.parameters()]
        if extra:
            for number in (0, _WEIGHTS):
                weights[number] = torch.cat([weights[number], block.closing], dim=1)
        outputs, states = _run(layer, values, weights, block)
        if lengths is None:
            return outputs, states.transpose(0, 1).flatten(1)
        return outputs, at_ends(outputs, lengths)

    def tokens(
        self, layer: BidirectionalLSTM, embedding: Tensor, tokens: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """See `LayerEngine`."""
        return self.features(layer, self.embedded(embedding, tokens), lengths)

    def embedded(self, embedding: Tensor, tokens: Tensor, padded: bool = True) -> Tensor:
        """See `LayerEngine`."""
        return look_up(embedding, tokens)

    def dropped(self, values: Tensor, mask: DropoutMask) -> Tensor:
        """See `LayerEngine`."""
        return values * (mask.bits >= mask.lowest).to(values.dtype).mul_(mask.scale)

    def _block(self, layer: BidirectionalLSTM, extra: int) -> _Block:
        """Memory for a layer's weights with `extra` inputs; made once, for a captured step remembers where it is."""
        if (layer, extra) not in self._blocks:
            with torch.inference_mode(False), torch.no_grad():
                self._blocks[layer, extra] = _new_block(layer, extra)
        return self._blocks[layer, extra]


def _new_block(layer: BidirectionalLSTM, extra: int) -> _Block:
    like = next(layer.parameters()).detach()
    inputs, hidden = layer.input_size + extra, layer.hidden_size
    sizes = [(4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,)] * 2
    parts = [like.new_zeros(size) for size in sizes]
    memory = like.new_empty(0)
    if like.device.type == "cuda":
        # As nn.LSTM does it for its own weights: cuDNN says where each part has to be, and the parts move there.
        memory = torch._cudnn_rnn_flatten_weight(parts, _WEIGHTS, inputs, _LSTM, hidden, 0, 1, False, True)
    closing = like.new_zeros(4 * hidden, extra)
    closing[: 2 * hidden, :1] = CLOSED  # torch orders the gates input, forget, cell, output
    return _Block(memory, tuple(parts), closing)


def _run(layer: BidirectionalLSTM, values: Tensor, weights: list[Tensor], block: _Block) -> tuple[Tensor, Tensor]:
    """Returns outputs [T, B, 2H] and the last states that each direction computed [2, B, H]."""
    begin = values.new_zeros(2, values.shape[1], layer.hidden_size)
    if values.device.type != "cuda":
        called: Any = torch.lstm(values, (begin, begin), weights, True, 1, 0.0, layer.training, True, False)
        return called[0], called[1]
    with torch.no_grad():
        torch._foreach_copy_(block.parts, weights)
    # What nn.LSTM ends up calling, with the memory handed over in which the weights are.
    options = (_LSTM, layer.hidden_size, 0, 1, False, 0.0, layer.training, True, (), None)
    called = torch._cudnn_rnn(values, weights, _WEIGHTS, block.memory, begin, begin, *options)
    return called[0], called[1]
