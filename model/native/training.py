"""One call of the native training, as `training.h` knows it: sizes and pointers of a network, its optimizer, its rows.

Shape letters: D distinct rows, T time, V vocabulary, P positions, E embedding, H hidden, S optimizer steps, R rows of
all their batches.
"""

import ctypes
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from model.adam import Adam

#: Numbered as in pooling.h.
POOLINGS = ("last", "mean", "max")
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class Parameter(ctypes.Structure):
    """`struct Parameter` of parameters.h."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("weights", "means", "squares", "step")]


class Training(ctypes.Structure):
    """`struct Training` of training.h, field by field."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("layers", "embedding", "hidden", "vocabulary", "places")),
        *((name, ctypes.c_int64) for name in ("pooling", "threads")),
        *((name, ctypes.c_void_p) for name in ("counted", "parameters")),
        *((name, ctypes.c_void_p) for name in ("tokens", "starts", "lengths", "positives", "negatives")),
        *((name, ctypes.c_double) for name in ("positive_weight", "negative_weight", "scale")),
        *((name, ctypes.c_int64) for name in ("first", "end")),
        *((name, ctypes.c_void_p) for name in ("bounds", "longest", "rows", "share", "rates")),
        *((name, ctypes.c_double) for name in ("longest_gradient", "beta1", "beta2", "epsilon", "weight_decay")),
        ("stream", ctypes.c_void_p),
        ("lowest", ctypes.c_int64),
        ("kept_scale", ctypes.c_double),
        ("totals", ctypes.c_void_p),
    ]


def training_of(parameters: "ctypes.Array[Parameter]", fields: Mapping[str, float | Tensor | None]) -> Training:
    """Writes a call down.

    Args:
        parameters: From `parameters_of`.
        fields: All others by their names in training.h, but for `first` and `end`; None is a null pointer.
    """
    addresses = {name: value.data_ptr() for name, value in fields.items() if isinstance(value, Tensor)}
    numbers = {name: value for name, value in fields.items() if isinstance(value, (int, float))}
    training = Training(parameters=ctypes.addressof(parameters), **addresses, **numbers)
    # The addresses are good for as long as somebody holds what is there.
    training.held = parameters, fields
    return training


def parameters_of(optimizer: Adam, weights: Sequence[Tensor]) -> "ctypes.Array[Parameter]":
    """Writes down where weights and their moments lie: good for as long as somebody holds the optimizer.

    Args:
        optimizer: Of exactly these weights.
        weights: In the order of training.h.

    Raises:
        ValueError: The optimizer moves other weights, or something is not contiguous float32 on the CPU.
    """
    numbers = {id(weight): number for number, weight in enumerate(optimizer.weights)}
    if numbers.keys() != {id(weight) for weight in weights} or len(numbers) != len(weights):
        raise ValueError(
            f"the optimizer moves {len(numbers)} weights, and the network has {len(weights)};"
            " they must be the same tensors. Make the optimizer from the network's parameters."
        )
    parameters, states = (Parameter * len(weights))(), optimizer.state
    for parameter, weight in zip(parameters, weights, strict=True):
        moments = [states[numbers[id(weight)]][name] for name in _MOMENTS]
        check_floats([weight, *moments], [*[tuple(weight.shape)] * 3, ()])
        parameter.weights = weight.data_ptr()
        parameter.means, parameter.squares, parameter.step = (moment.data_ptr() for moment in moments)
    return parameters


def check_floats(tensors: Sequence[Tensor], shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuses tensors that the C++ code would read beyond their end.

    Raises:
        ValueError: A tensor has another shape, or is not contiguous float32 on the CPU.
    """
    for tensor, shape in zip(tensors, shapes, strict=True):
        if tuple(tensor.shape) != shape:
            raise ValueError(f"the shape is {tuple(tensor.shape)}; {shape} is needed.")
        if tensor.dtype != torch.float32 or tensor.device.type != "cpu" or not tensor.is_contiguous():
            raise ValueError(
                f"got {tensor.dtype} {tuple(tensor.shape)} on {tensor.device} with strides {tensor.stride()};"
                " contiguous float32 on the cpu is needed."
            )
