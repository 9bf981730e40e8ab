"""Writes a trained model as a folder: safetensors weights and a JSON configuration. Nothing is pickled."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save

from model.alphabet import Alphabet
from model.baseline import KeptBaseline
from model.cleaning import Rules
from model.configuration import LearnerConfig
from model.encoder import Encoder
from model.network import BiLSTM
from model.origin import Origin
from model.saving.baseline import baseline_bytes
from model.saving.names import BASELINE, CONFIGURATION, weights_name
from model.saving.origin import origin_as_dict

#: Version of the folder's layout; a reader refuses what it does not know.
FORMAT = 8


def save_model(
    folder: Path,
    networks: Sequence[BiLSTM],
    configs: LearnerConfig | Sequence[LearnerConfig],
    alphabet: Alphabet,
    encoder: Encoder,
    letters: NDArray[np.uint8],
    card: Mapping[str, Any],
    rules: Rules | None = None,
    origin: Origin | None = None,
    baseline: KeptBaseline | None = None,
) -> None:
    """Writes a model folder, made where it is missing.

    Whenever this is cut short, the folder is refused or holds a whole model.

    Args:
        folder: A model that is in it already is removed first.
        networks: At least one.
        configs: The hyperparameters of each, or of all; they have one encoding.
        alphabet: Of the training genes.
        encoder: Of the training genes.
        letters: [T, 1 + SUBSTITUTIONS], from `common_letters` of the training genes.
        card: JSON values.
        rules: By which the training genes were cleaned, and new genes will be; by default nothing was.
        origin: What is known of the training genes; by default nothing.
        baseline: A plain regression to stand beside the networks.
    """
    learners = [configs] * len(networks) if isinstance(configs, LearnerConfig) else configs
    encoding = learners[0].encoding
    folder.mkdir(parents=True, exist_ok=True)
    _remove_model(folder)
    digests = [_write_weights(folder / weights_name(number), network) for number, network in enumerate(networks)]
    if baseline is not None:
        (folder / BASELINE).write_bytes(baseline_bytes(baseline))
    description = {
        "format": FORMAT,
        "weights": digests,
        "longest": networks[0].longest,
        "alphabet": alphabet,
        "cleaning": (rules or Rules()).as_dict(),
        "baseline": None if baseline is None else digest((folder / BASELINE).read_bytes()),
        "origin": origin_as_dict(origin or Origin()),
        "genetic_code": encoder.genetic_code,
        "ancestor": encoder.ancestor(encoding),
        "vocabulary": list(encoder.vocabulary(encoding)),
        "learners": [config.as_dict() for config in learners],
        "letters": letters.tolist(),
        "card": dict(card),
    }
    # Written last: a folder without it was cut short and is refused.
    (folder / CONFIGURATION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _remove_model(folder: Path) -> None:
    # The configuration goes first: while weights go or come, nothing says that they are a model.
    (folder / CONFIGURATION).unlink(missing_ok=True)
    (folder / BASELINE).unlink(missing_ok=True)
    for path in folder.glob("weights-*.safetensors"):
        path.unlink()


def _write_weights(path: Path, network: BiLSTM) -> str:
    """Returns the file's digest."""
    data = save({name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()})
    path.write_bytes(data)
    return digest(data)


def digest(data: bytes) -> str:
    """What the configuration keeps of a weights file: its SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
