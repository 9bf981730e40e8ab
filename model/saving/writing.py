"""Writes a trained model as a folder: safetensors weights and a JSON configuration. Nothing is pickled."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save

from model.alphabet import Alphabet
from model.configuration import LearnerConfig
from model.encoding import vocabulary
from model.network import BiLSTM

#: Version of the folder's layout; a reader refuses what it does not know.
FORMAT = 2
CONFIGURATION = "config.json"


def save_model(
    folder: Path,
    networks: Sequence[BiLSTM],
    config: LearnerConfig,
    alphabet: Alphabet,
    genetic_code: int,
    letters: NDArray[np.uint8],
    card: Mapping[str, Any],
) -> None:
    """Writes a model folder, made where it is missing.

    Args:
        folder: Files of an earlier model in it are replaced.
        networks: At least one, all of `config`.
        config: The networks' hyperparameters.
        alphabet: Of the training genes.
        genetic_code: NCBI number.
        letters: [T, 1 + SUBSTITUTIONS], from `common_letters` of the training genes.
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
        "letters": letters.tolist(),
        "card": dict(card),
    }
    # Written last: a folder without it was cut short and is refused.
    (folder / CONFIGURATION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def weights_name(number: int) -> str:
    """Names the weights file of a network, counted from 0."""
    return f"weights-{number}.safetensors"
