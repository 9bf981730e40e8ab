"""Reads the files beside a model's configuration: each is the one that it was written with, or refused."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from model.configuration import LearnerConfig
from model.files import read_regular
from model.network import BiLSTM
from model.saving.damage import damaged
from model.saving.names import CONFIGURATION, weights_name
from model.saving.writing import digest


def read_network(
    folder: Path, number: int, expected_digest: str, config: LearnerConfig, vocabulary_size: int, longest: int
) -> BiLSTM:
    """Reads the weights of a network.

    Args:
        folder: Of the model.
        number: Of the network, from 0.
        expected_digest: Of its file.
        config: Its hyperparameters.
        vocabulary_size: Tokens.
        longest: Positions that have weights of their own.

    Raises:
        SavedModelError: The file is damaged, another one, or too large.
    """
    path = folder / weights_name(number)
    # On the meta device a network has shapes and no memory: a huge size in a hostile file costs nothing.
    with torch.device("meta"):
        network = BiLSTM(config, vocabulary_size, longest)
    expected = {name: (value.shape, value.dtype) for name, value in network.state_dict().items()}
    try:
        weights = load(described_bytes(path, expected_digest, _bytes_at_most(expected)))
    except SafetensorError as error:
        raise damaged(folder, f"{path.name} is not a safetensors file") from error
    found = {name: (value.shape, value.dtype) for name, value in weights.items()}
    if found != expected:
        raise damaged(folder, f"{path.name} does not hold the weights that {CONFIGURATION} describes")
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise damaged(folder, f"{path.name} holds values that are infinite or not a number")
    network.load_state_dict(weights, assign=True)
    return network.eval()


def described_bytes(path: Path, expected_digest: str, at_most: int) -> bytes:
    """Reads a file of a size that is allowed, and the one that the configuration was written with."""
    try:
        data = read_regular(path, at_most)
    except OSError as error:
        raise damaged(path.parent, f"{path.name} cannot be read: {error.strerror}") from error
    if digest(data) != expected_digest:
        raise damaged(path.parent, f"{path.name} is not the file that {CONFIGURATION} was written with")
    return data


def _bytes_at_most(expected: Mapping[str, tuple[torch.Size, torch.dtype]]) -> int:
    header = 1_000_000
    return header + sum(shape.numel() * dtype.itemsize for shape, dtype in expected.values())
