"""A trained model as a folder: safetensors weights and a JSON configuration. Nothing is pickled.

What is read is untrusted: every name, type, size and shape is checked before a network is built from it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from model.alphabet import Alphabet
from model.configuration import LearnerConfig
from model.encoding import encodings_for, vocabulary
from model.errors import DataError, SavedModelError
from model.network import BiLSTM

#: Version of the folder's layout; a reader refuses what it does not know.
FORMAT = 1
#: Networks of one ensemble, at most.
MAX_NETWORKS = 100
#: Letters of the longest training sequence, at most.
MAX_LONGEST = 10_000_000
_CONFIGURATION = "config.json"
_MAX_CONFIGURATION_BYTES = 10_000_000
_NAMES = {"format", "networks", "longest", "alphabet", "genetic_code", "vocabulary", "learner", "card"}


@dataclass(frozen=True)
class SavedModel:
    """What a model folder holds: all that prediction needs."""

    #: One network, or several whose probabilities are averaged; in evaluation mode, on the CPU.
    networks: tuple[BiLSTM, ...]
    config: LearnerConfig
    alphabet: Alphabet
    #: NCBI number of the genetic code with which the training genes were translated.
    genetic_code: int
    #: What people should know about the model: origin, accuracy, limits. Read by people only.
    card: Mapping[str, Any]


def save_model(
    folder: Path,
    networks: Sequence[BiLSTM],
    config: LearnerConfig,
    alphabet: Alphabet,
    genetic_code: int,
    card: Mapping[str, Any],
) -> None:
    """Writes a model folder, made where it is missing.

    Args:
        folder: Files of an earlier model in it are replaced.
        networks: At least one, all of `config`.
        config: The networks' hyperparameters.
        alphabet: Of the training genes.
        genetic_code: NCBI number.
        card: JSON values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, network in enumerate(networks):
        weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
        (folder / weights_name(number)).write_bytes(save(weights))
    description = {
        "format": FORMAT,
        "networks": len(networks),
        "longest": networks[0].longest,
        "alphabet": alphabet,
        "genetic_code": genetic_code,
        "vocabulary": list(vocabulary(config.encoding)),
        "learner": config.as_dict(),
        "card": dict(card),
    }
    # Written last: a folder without it was cut short and is refused.
    (folder / _CONFIGURATION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def weights_name(number: int) -> str:
    """Names the weights file of a network, counted from 0."""
    return f"weights-{number}.safetensors"


def load_model(folder: Path) -> SavedModel:
    """Reads a model folder.

    Raises:
        SavedModelError: It is not a model folder, incomplete, damaged, or of a version that is not known.
    """
    description = _description(folder)
    alphabet, genetic_code = description["alphabet"], description["genetic_code"]
    if alphabet not in get_args(Alphabet):
        raise _damaged(folder, f"the alphabet is {alphabet!r}")
    if type(genetic_code) is not int or not 1 <= genetic_code <= 33:
        raise _damaged(folder, f"the genetic code is {genetic_code!r}")
    config = _config(folder, description["learner"])
    if config.encoding not in encodings_for(alphabet):
        raise _damaged(folder, f"{alphabet} sequences have no {config.encoding} encoding")
    if description["vocabulary"] != list(vocabulary(config.encoding)):
        raise _damaged(folder, f"its vocabulary is not that of the {config.encoding} encoding")
    if not isinstance(description["card"], dict):
        raise _damaged(folder, "the card is not an object")
    count = _count(folder, "networks", description["networks"], MAX_NETWORKS)
    longest = _count(folder, "longest", description["longest"], MAX_LONGEST)
    networks = tuple(_network(folder, number, config, longest) for number in range(count))
    return SavedModel(networks, config, alphabet, genetic_code, description["card"])


def _description(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIGURATION
    try:
        if path.stat().st_size > _MAX_CONFIGURATION_BYTES:
            raise _damaged(folder, f"{_CONFIGURATION} has more than {_MAX_CONFIGURATION_BYTES} bytes")
        description = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SavedModelError(
            f"{folder} is not a model folder: {_CONFIGURATION} is missing.",
            "Name the folder 'model' inside the output of 'hpo finalize'.",
        ) from error
    except OSError as error:
        raise SavedModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(folder, f"{_CONFIGURATION} is not JSON") from error
    if not isinstance(description, dict) or "format" not in description:
        raise _damaged(folder, f"{_CONFIGURATION} is not a model's description")
    if description["format"] != FORMAT:
        raise SavedModelError(
            f"{folder} has format {description['format']!r}; this version reads format {FORMAT}.",
            "Use the version of hpo that wrote it.",
        )
    if set(description) != _NAMES:
        raise _damaged(folder, f"{_CONFIGURATION} has {sorted(description)}; it must have {sorted(_NAMES)}")
    return description


def _config(folder: Path, learner: object) -> LearnerConfig:
    if not isinstance(learner, dict):
        raise _damaged(folder, "the learner's configuration is not an object")
    try:
        return LearnerConfig.from_dict(learner)
    except DataError as error:
        raise _damaged(folder, error.message) from error


def _count(folder: Path, name: str, count: object, highest: int) -> int:
    if type(count) is not int or not 1 <= count <= highest:
        raise _damaged(folder, f"{name} is {count!r}; allowed are 1 to {highest}")
    return count


def _network(folder: Path, number: int, config: LearnerConfig, longest: int) -> BiLSTM:
    path = folder / weights_name(number)
    # On the meta device a network has shapes and no memory: a huge size in a hostile file costs nothing.
    with torch.device("meta"):
        network = BiLSTM(config, len(vocabulary(config.encoding)), longest)
    expected = {name: (value.shape, value.dtype) for name, value in network.state_dict().items()}
    try:
        if path.stat().st_size > _bytes_at_most(expected):
            raise _damaged(folder, f"{path.name} is larger than its configuration allows")
        weights = load(path.read_bytes())
    except OSError as error:
        raise _damaged(folder, f"{path.name} cannot be read: {error.strerror}") from error
    except SafetensorError as error:
        raise _damaged(folder, f"{path.name} is not a safetensors file") from error
    found = {name: (value.shape, value.dtype) for name, value in weights.items()}
    if found != expected:
        raise _damaged(folder, f"{path.name} does not hold the weights that {_CONFIGURATION} describes")
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise _damaged(folder, f"{path.name} holds values that are infinite or not a number")
    network.load_state_dict(weights, assign=True)
    return network.eval()


def _bytes_at_most(expected: Mapping[str, tuple[torch.Size, torch.dtype]]) -> int:
    header = 1_000_000
    return header + sum(shape.numel() * dtype.itemsize for shape, dtype in expected.values())


def _damaged(folder: Path, why: str) -> SavedModelError:
    return SavedModelError(f"The model in {folder} cannot be used: {why}.", "Take a fresh copy of the folder.")
