"""A fold's training between two epochs, as bytes: whoever goes on from them gets the numbers of one that never stopped.

They hold weights, the optimizer's moments, where dropout's random stream stands, and what was recorded of the epochs
so far; the order of an epoch's rows and the learning rate follow from the epoch's number. The form is safetensors:
nothing is pickled, and nothing is taken over before names, shapes and types are those of the training that goes on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor

from model.epochs import Curves
from model.errors import CheckpointError
from model.fitting import Fitting

_WEIGHTS, _MOMENTS, _CURVES = "network.", "optimizer.", "curves."
_DROPOUT, _PROBABILITIES, _TRAINING = "dropout", "probabilities", "training"


def write_checkpoint(fitting: Fitting, curves: Curves, history: Sequence[NDArray[np.float32]]) -> bytes:
    """Writes a training down as it stands.

    Args:
        fitting: Between two epochs.
        curves: Of the E epochs that it trained, with a validation set.
        history: E arrays [N_val], P(resistant) of each validation row after each epoch.
    """
    tensors = {f"{_CURVES}{name}": torch.tensor(values, dtype=torch.float64) for name, values in asdict(curves).items()}
    tensors[_PROBABILITIES] = torch.from_numpy(np.stack(history))
    tensors[_DROPOUT] = fitting.network.dropout_stream.state
    tensors[_TRAINING] = _training(fitting)
    for name, value in fitting.network.state_dict().items():
        tensors[f"{_WEIGHTS}{name}"] = value
    for number, moments in enumerate(fitting.optimizer.state):
        for name, value in moments.items():
            tensors[f"{_MOMENTS}{number}.{name}"] = value
    return save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})


def read_checkpoint(data: bytes, fitting: Fitting, rows: int) -> tuple[Curves, list[NDArray[np.float32]]]:
    """Sets a training that has not begun to where the bytes left another with the same arguments.

    Args:
        data: From `write_checkpoint`.
        fitting: The training to go on with.
        rows: N_val, its validation rows.

    Returns:
        Curves of the E epochs, and E arrays [N_val] of probabilities.

    Raises:
        CheckpointError: The bytes are no checkpoint, or one of another training, engine or kind of device. The training
            is then to be built anew.
    """
    try:
        return _take_over(load(data), fitting, rows)
    except CheckpointError:
        raise
    except Exception as error:
        # Bytes that somebody made on purpose break safetensors and torch in many ways.
        raise CheckpointError(f"These bytes are no checkpoint: {error}.") from error


def _take_over(tensors: dict[str, Tensor], fitting: Fitting, rows: int) -> tuple[Curves, list[NDArray[np.float32]]]:
    _compare(tensors, _expected(fitting, rows, epochs=len(tensors.get(_PROBABILITIES, ()))))
    if not torch.equal(tensors[_TRAINING], _training(fitting)):
        raise CheckpointError("The checkpoint is of another training: its configuration, seed or engine differ.")
    fitting.network.load_state_dict(_below(_WEIGHTS, tensors))
    fitting.network.dropout_stream.state = tensors[_DROPOUT]
    moments = [_below(f"{_MOMENTS}{number}.", tensors) for number, _ in enumerate(fitting.network.parameters())]
    fitting.optimizer.load(moments)
    curves = {name: values.tolist() for name, values in _below(_CURVES, tensors).items()}
    return Curves(**curves), list(tensors[_PROBABILITIES].numpy())


def _training(fitting: Fitting) -> Tensor:
    """[32] uint8: a digest of what decides a training's numbers and is in no tensor."""
    device, engine = fitting.device.type, type(fitting.network.engine).__name__
    told = repr((fitting.config, fitting.settings, fitting.seed, device, engine))
    return torch.frombuffer(bytearray(hashlib.sha256(told.encode()).digest()), dtype=torch.uint8)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _expected(fitting: Fitting, rows: int, epochs: int) -> dict[str, Tensor]:
    """Tensors like those of a checkpoint, without values."""
    curve = torch.empty(epochs, dtype=torch.float64, device="meta")
    expected = {f"{_CURVES}{name}": curve for name in asdict(Curves())}
    expected[_PROBABILITIES] = torch.empty(epochs, rows, device="meta")
    expected[_DROPOUT] = fitting.network.dropout_stream.state
    expected[_TRAINING] = _training(fitting)
    for name, value in fitting.network.state_dict().items():
        expected[f"{_WEIGHTS}{name}"] = value
    for number, weights in enumerate(fitting.network.parameters()):
        expected[f"{_MOMENTS}{number}.step"] = torch.empty((), device="meta")
        expected[f"{_MOMENTS}{number}.exp_avg"] = expected[f"{_MOMENTS}{number}.exp_avg_sq"] = weights
    return expected


def _compare(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Raises CheckpointError where names, shapes or types differ."""
    for name in sorted(found.keys() ^ expected.keys()):
        raise CheckpointError(f"The checkpoint is of another training: only one of the two has {name}.")
    for name, value in expected.items():
        if (found[name].shape, found[name].dtype) != (value.shape, value.dtype):
            raise CheckpointError(f"The checkpoint is of another training: {name} has another shape or type.")
