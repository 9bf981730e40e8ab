"""The compiled layer as torch functions: memory and gradients. `bilstm.cpp` does the arithmetic.

Shape letters: B batch, T time, I input features, H hidden, V vocabulary.
"""

import ctypes
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.dropout import DropoutMask
from model.errors import OutOfMemoryError
from model.native.problem import Problem, Source, check, problem_of
from model.native.training import Training


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
        self._library.hpo_train.argtypes = [ctypes.POINTER(Training)]
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
        check(source, lengths, w_state)
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

    def train(self, training: Training) -> None:
        """Takes optimizer steps on a whole network, whose weights and moments change in place."""
        _succeed(self._library.hpo_train(ctypes.byref(training)))

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
        problem = problem_of(native.threads, source, lengths, w_state, y=y, last=last)
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
        problem = problem_of(
            ctx.native.threads,
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


def _contiguous(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.contiguous()


def _succeed(failed: int) -> None:
    if failed:
        raise OutOfMemoryError(
            "The native LSTM layer ran out of memory or threads.",
            "Use a smaller batch, or fewer workers on this machine.",
        )
