"""One call of the compiled layer, as `bilstm.cpp` knows it: sizes, pointers, and the checks before them.

Shape letters: B batch, T time, I input features, H hidden, V vocabulary.
"""

import ctypes
from dataclasses import dataclass

import torch
from torch import Tensor

_SIZES = ("steps", "batch", "inputs", "hidden", "vocabulary", "threads")
_POINTERS = (
    *("lengths", "tokens", "x", "table", "w_in", "w_state", "bias", "y", "last", "saved"),
    *("dy", "dlast", "dx", "dtable", "dw_in", "dw_state", "dbias"),
)


class Problem(ctypes.Structure):
    """`struct Problem` of bilstm.cpp, field by field."""

    _fields_ = [(name, ctypes.c_int64) for name in _SIZES] + [(name, ctypes.c_void_p) for name in _POINTERS]


@dataclass(frozen=True)
class Source:
    """What the layer reads: either features with weights and bias, or tokens with a table.

    A table holds each token's input product and bias, computed once instead of at every occurrence.
    """

    #: [T, B, I] float32, or [T, B] uint8 tokens.
    values: Tensor
    #: [2, 4H, I] input weights, or [2, V, 4H] table.
    weights: Tensor
    #: [2, 4H], both biases of `nn.LSTM` added; None with tokens.
    bias: Tensor | None


def problem_of(threads: int, source: Source, lengths: Tensor, w_state: Tensor, **others: Tensor | None) -> Problem:
    """Writes a call down.

    Args:
        threads: CPU threads of the call.
        source: What the layer reads.
        lengths: [B] int64.
        w_state: [2, 4H, H].
        others: Further tensors, by their names in bilstm.cpp.
    """
    by_tokens = source.bias is None
    size = source.weights.shape
    tensors = {
        "lengths": lengths,
        "tokens" if by_tokens else "x": source.values,
        "table" if by_tokens else "w_in": source.weights,
        "w_state": w_state,
        "bias": source.bias,
        **others,
    }
    problem = Problem(
        steps=len(source.values),
        batch=len(lengths),
        hidden=w_state.shape[2],
        inputs=0 if by_tokens else size[2],
        vocabulary=size[1] if by_tokens else 0,
        threads=threads,
        **{name: tensor.data_ptr() for name, tensor in tensors.items() if tensor is not None},
    )
    # The pointers are good for as long as somebody holds the tensors.
    problem.tensors = tensors
    return problem


def check(source: Source, lengths: Tensor, w_state: Tensor) -> None:
    """Refuses what the C++ code would read beyond its end.

    Raises:
        ValueError: Shapes, types, devices or lengths are not as `Source` and `problem_of` say.
    """
    steps, batch, hidden = len(source.values), len(lengths), w_state.shape[2]
    tensors, expected = [lengths, w_state, source.values, source.weights], [(batch,), (2, 4 * hidden, hidden)]
    if source.bias is None:
        floats = [w_state, source.weights]
        expected += [(steps, batch), (2, source.weights.shape[1], 4 * hidden)]
    else:
        tensors.append(source.bias)
        floats, inputs = tensors[1:], source.weights.shape[2]
        expected += [(steps, batch, inputs), (2, 4 * hidden, inputs), (2, 4 * hidden)]
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if shapes != expected or 0 in (steps, batch, hidden):
        raise ValueError(f"shapes are {shapes}; {expected} are needed, with none of T, B and H 0.")
    if lengths.dtype != torch.int64 or any(t.dtype != torch.float32 for t in floats):
        raise ValueError(f"types are {[t.dtype for t in tensors]}; lengths are to be int64, the rest float32.")
    if any(tensor.device.type != "cpu" for tensor in tensors):
        raise ValueError(f"devices are {[str(t.device) for t in tensors]}; this layer runs on the cpu.")
    shortest, longest = (int(bound) for bound in lengths.aminmax())
    if shortest < 0 or longest > steps:
        raise ValueError(f"lengths reach from {shortest} to {longest}; 0 to {steps} is allowed.")
