"""The compiled layer as torch functions: checks, memory, gradients. `bilstm.cpp` does the arithmetic.

Shape letters: B batch, T time, I input features, H hidden, V vocabulary.
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.dropout import DropoutMask
from model.errors import OutOfMemoryError

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


class NativeLayer:
    """A loaded library.

    Args:
        path: The shared library that `building` made.

    Raises:
        OSError: The library cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        #: CPU threads of a call, torch's own left out; the numbers do not depend on it.
        self.threads = 1
        self._library = ctypes.CDLL(str(path))
        self._library.hpo_saved_floats.restype = ctypes.c_int64
        for name in ("hpo_saved_floats", "hpo_forward", "hpo_backward"):
            getattr(self._library, name).argtypes = [ctypes.POINTER(Problem)]
        self._library.hpo_drop.argtypes = [
            *[ctypes.c_void_p] * 3,
            ctypes.c_int64,
            ctypes.c_int,
            ctypes.c_float,
            ctypes.c_int64,
        ]

    def features(
        self, values: Tensor, lengths: Tensor, w_in: Tensor, w_state: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Runs the layer over feature vectors. Gate order and meaning of the weights are those of `nn.LSTM`.

        Args:
            values: [T, B, I] float32, time-major.
            lengths: [B] int64, 0 to T; what lies beyond touches neither results nor gradients.
            w_in: [2, 4H, I], forward direction first.
            w_state: [2, 4H, H].
            bias: [2, 4H], `bias_ih` and `bias_hh` added.

        Returns:
            Outputs [T, B, 2H], 0 beyond a row's length; and final states [2, B, H]: the forward direction's
            after the last valid step, the backward direction's after step 0.

        Raises:
            ValueError: A tensor has the wrong type, shape or range.
            OutOfMemoryError: Memory or threads ran out.
        """
        return self._run(Source(values, w_in, bias), lengths, w_state)

    def tokens(self, tokens: Tensor, lengths: Tensor, table: Tensor, w_state: Tensor) -> tuple[Tensor, Tensor]:
        """Runs the layer over tokens, with a look-up in place of the input product; else like `features`.

        Args:
            tokens: [T, B] uint8, each below V.
            lengths: [B] int64, 0 to T.
            table: [2, V, 4H], `embedding @ w_in.T + bias` of each direction.
            w_state: [2, 4H, H].
        """
        if tokens.dtype != torch.uint8:
            raise ValueError(f"tokens are {tokens.dtype}; uint8 is needed.")
        if tokens.numel() and int(tokens.max()) >= table.shape[1]:
            raise ValueError(f"token {int(tokens.max())} is not below the vocabulary size {table.shape[1]}.")
        return self._run(Source(tokens, table, None), lengths, w_state)

    def dropped(self, values: Tensor, mask: DropoutMask) -> Tensor:
        """Drops float32 `values` of the mask's shape, in one pass over memory."""
        result: Tensor = _Drop.apply(self, mask, values)  # type: ignore[no-untyped-call]
        return result

    def nonlinearities(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the layer's own sigmoid and tanh of float32 `values`, whose accuracy can be measured so."""
        values = values.contiguous()
        results = torch.empty_like(values), torch.empty_like(values)
        pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (values, *results)]
        self._library.hpo_nonlinearities(*pointers, ctypes.c_int64(values.numel()))
        return results

    def _run(self, source: Source, lengths: Tensor, w_state: Tensor) -> tuple[Tensor, Tensor]:
        _check(source, lengths, w_state)
        tensors = (source.values, source.weights, w_state, source.bias)
        training = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
        result: tuple[Tensor, Tensor] = _Layer.apply(self, training, lengths, *tensors)  # type: ignore[no-untyped-call]
        return result

    def saved_floats(self, problem: Problem) -> int:
        """Returns how many floats `forward` keeps for `backward`."""
        count = int(self._library.hpo_saved_floats(ctypes.byref(problem)))
        _succeed(count < 0)
        return count

    def forward(self, problem: Problem) -> None:
        """Fills `y`, `last` and `saved`."""
        _succeed(self._library.hpo_forward(ctypes.byref(problem)))

    def backward(self, problem: Problem) -> None:
        """Fills the gradients."""
        _succeed(self._library.hpo_backward(ctypes.byref(problem)))

    def drop(self, values: Tensor, mask: DropoutMask) -> Tensor:
        """What `dropped` does, without a gradient."""
        if values.dtype != torch.float32 or values.shape != mask.bits.shape:
            raise ValueError(
                f"values are {values.dtype} {tuple(values.shape)}; float32 {tuple(mask.bits.shape)} is needed."
            )
        values, kept = values.contiguous(), torch.empty_like(mask.bits, dtype=torch.float32)
        pointers = [tensor.data_ptr() for tensor in (values, mask.bits, kept)]
        _succeed(self._library.hpo_drop(*pointers, kept.numel(), mask.lowest, mask.scale, self.threads))
        return kept


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, native: NativeLayer, mask: DropoutMask, values: Tensor) -> Tensor:
        ctx.native, ctx.mask = native, mask
        return native.drop(values, mask)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.native.drop(gradient, ctx.mask)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        native: NativeLayer,
        training: bool,
        lengths: Tensor,
        values: Tensor,
        weights: Tensor,
        w_state: Tensor,
        bias: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        source = Source(values.contiguous(), weights.contiguous(), _contiguous(bias))
        lengths, w_state = lengths.contiguous(), w_state.contiguous()
        steps, batch, hidden = len(values), len(lengths), w_state.shape[2]
        y, last = w_state.new_empty(steps, batch, 2 * hidden), w_state.new_empty(2, batch, hidden)
        problem = _problem(native, source, lengths, w_state, y=y, last=last)
        if training:
            saved = w_state.new_empty(native.saved_floats(problem))
            problem.saved = saved.data_ptr()
            ctx.save_for_backward(lengths, source.values, source.weights, w_state, source.bias, y, saved)
            ctx.native = native
            ctx.set_materialize_grads(False)
        native.forward(problem)
        return y, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor | None, dlast: Tensor | None) -> tuple[Tensor | None, ...]:
        lengths, values, weights, w_state, bias, y, saved = ctx.saved_tensors
        source = Source(values, weights, bias)
        dx = torch.empty_like(values) if ctx.needs_input_grad[3] else None
        dweights, dw_state = torch.empty_like(weights), torch.empty_like(w_state)
        dbias = None if bias is None else torch.empty_like(bias)
        by_tokens = bias is None
        problem = _problem(
            ctx.native,
            source,
            lengths,
            w_state,
            y=y,
            saved=saved,
            dy=_contiguous(dy),
            dlast=_contiguous(dlast),
            dx=dx,
            dw_state=dw_state,
            dbias=dbias,
            dtable=dweights if by_tokens else None,
            dw_in=None if by_tokens else dweights,
        )
        ctx.native.backward(problem)
        return None, None, None, dx, dweights, dw_state, dbias


def _problem(native: NativeLayer, source: Source, lengths: Tensor, w_state: Tensor, **others: Tensor | None) -> Problem:
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
        threads=native.threads,
        **{name: tensor.data_ptr() for name, tensor in tensors.items() if tensor is not None},
    )
    # The pointers are good for as long as somebody holds the tensors.
    problem.tensors = tensors
    return problem


def _contiguous(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.contiguous()


def _check(source: Source, lengths: Tensor, w_state: Tensor) -> None:
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


def _succeed(failed: int) -> None:
    if failed:
        raise OutOfMemoryError(
            "The native LSTM layer ran out of memory or threads.",
            "Use a smaller batch, or fewer workers on this machine.",
        )
