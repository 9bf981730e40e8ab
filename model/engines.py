"""What runs a bidirectional layer: cuDNN on a GPU, `nn.LSTM` or the native layer on a CPU.

Engines differ in speed, never in the function that they compute; none of them sees padding.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from model import runtime
from model.dropout import DropoutMask
from model.encoding import PAD
from model.errors import DataError
from model.gpu.cudnn import CudnnEngine
from model.layers import BidirectionalLSTM, final_states, known, reversal, reverse_within_lengths
from model.native import NativeLayer, native_layer

#: Outputs [T, B, 2H] and final states [B, 2H].
LayerResult = tuple[Tensor, Tensor]


class LayerEngine(Protocol):
    """Runs one bidirectional layer over features, or the first one over tokens; and drops values between layers."""

    def features(self, layer: BidirectionalLSTM, values: Tensor, lengths: Tensor | None) -> LayerResult:
        """Runs a layer over feature vectors.

        Args:
            layer: The weights.
            values: [T, B, I] float32.
            lengths: [B] int64, 1 to T, on the device of `values`; or None where every row has T tokens.

        Returns:
            Outputs [T, B, 2H], forward direction first, undefined at padding; and final states [B, 2H].
        """

    def tokens(
        self, layer: BidirectionalLSTM, embedding: Tensor, tokens: Tensor, lengths: Tensor | None
    ) -> LayerResult:
        """Runs a layer over embedded tokens.

        Args:
            layer: The weights.
            embedding: [V, E], row 0 is padding's.
            tokens: [T, B] uint8, each below V.
            lengths: As above.

        Returns:
            As above.
        """

    def embedded(self, embedding: Tensor, tokens: Tensor, padded: bool = True) -> Tensor:
        """Looks tokens up: [T, B, E], whose gradient leaves padding's vector (the first) alone where it is `padded`."""

    def dropped(self, values: Tensor, mask: DropoutMask) -> Tensor:
        """Drops some of `values` [any shape], as `mask` says, and scales the others up."""


class StockEngine:
    """`nn.LSTM` (oneDNN), one direction at a time.

    The backward direction reads each sequence reversed within its own length. This masks without
    `pack_padded_sequence`, whose gradient on a CPU takes time that grows with the square of T.
    """

    def features(self, layer: BidirectionalLSTM, values: Tensor, lengths: Tensor | None) -> LayerResult:
        """See `LayerEngine`."""
        lengths = known(lengths, values)
        index = reversal(lengths, len(values))
        ahead, _ = layer.ahead(values)
        back, _ = layer.back(reverse_within_lengths(values, index))
        outputs = torch.cat([ahead, reverse_within_lengths(back, index)], dim=2)
        return outputs, final_states(outputs, lengths)

    def tokens(
        self, layer: BidirectionalLSTM, embedding: Tensor, tokens: Tensor, lengths: Tensor | None
    ) -> LayerResult:
        """See `LayerEngine`."""
        return self.features(layer, functional.embedding(tokens.long(), embedding), lengths)

    def embedded(self, embedding: Tensor, tokens: Tensor, padded: bool = True) -> Tensor:
        """See `LayerEngine`."""
        return functional.embedding(tokens.long(), embedding, padding_idx=PAD if padded else None)

    def dropped(self, values: Tensor, mask: DropoutMask) -> Tensor:
        """See `LayerEngine`."""
        return values * (mask.bits >= mask.lowest).to(values.dtype).mul_(mask.scale)


class NativeEngine:
    """The C++ layer, for CPUs.

    Args:
        native: The loaded library.
    """

    def __init__(self, native: NativeLayer) -> None:
        self.native = native

    def features(self, layer: BidirectionalLSTM, values: Tensor, lengths: Tensor | None) -> LayerResult:
        """See `LayerEngine`."""
        outputs, last = self.native.features(values, known(lengths, values), *layer.stacked())
        return outputs, _side_by_side(last)

    def tokens(
        self, layer: BidirectionalLSTM, embedding: Tensor, tokens: Tensor, lengths: Tensor | None
    ) -> LayerResult:
        """See `LayerEngine`. Each token's input product is computed once, not at every occurrence."""
        w_in, w_state, bias = layer.stacked()
        table = torch.matmul(embedding, w_in.transpose(1, 2)) + bias.unsqueeze(1)
        outputs, last = self.native.tokens(tokens, known(lengths, tokens), table, w_state)
        return outputs, _side_by_side(last)

    def embedded(self, embedding: Tensor, tokens: Tensor, padded: bool = True) -> Tensor:
        """See `LayerEngine`."""
        return functional.embedding(tokens.long(), embedding, padding_idx=PAD if padded else None)

    def dropped(self, values: Tensor, mask: DropoutMask) -> Tensor:
        """See `LayerEngine`."""
        return self.native.dropped(values, mask)


def _side_by_side(last: Tensor) -> Tensor:
    """Final states [2, B, H] as [B, 2H]."""
    return last.transpose(0, 1).flatten(1)


def engine_for(name: str, device: torch.device, threads: int = 1) -> LayerEngine:
    """Finds an engine, and gives it its CPU threads: torch's own, or the native layer's.

    Beside the native layer torch computes the little that is left in one thread: the numbers then are the same with any
    number of threads.

    Args:
        name: "stock", "native", or "auto" for the fastest that this machine has.
        device: Where it is to run; a GPU always takes cuDNN.
        threads: CPU threads of one training, at least 1.

    Raises:
        DataError: "native" is asked for on a CPU where it cannot run.
    """
    native = None if name == "stock" or device.type != "cpu" else native_layer()
    runtime.prepare(1 if native else threads)
    if device.type != "cpu":
        return CudnnEngine()
    if native is not None:
        native.threads = threads
        return NativeEngine(native)
    if name == "native":
        raise DataError(
            "The native engine cannot run here: it needs a compiler and a CPU with AVX2; the log says which.",
            "Use --engine auto or --engine stock.",
        )
    return StockEngine()
