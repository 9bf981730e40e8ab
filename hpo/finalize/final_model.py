"""Retraining on all development rows, with the number of epochs that cross-validation determined."""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.contract import Contract
from hpo.development import Development
from hpo.report.evidence import EpochCurves, Layer
from hpo.seeds import derive
from model.configuration import LearnerConfig
from model.encoding import encode
from model.genes import Genes
from model.mutagenesis import common_letters
from model.network import BiLSTM
from model.prediction import predict
from model.saving import save_model
from model.training import Curves, train_final


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """Networks trained on all development rows; their probabilities are averaged."""

    config: LearnerConfig
    networks: tuple[BiLSTM, ...]
    curves: Curves  #: of the first network
    epochs: int
    seconds: float


def retrain(
    contract: Contract,
    development: Development,
    config: LearnerConfig,
    epochs: int,
    device: str,
    members: int = 1,
) -> Retrained:
    """Train a configuration on all development rows.

    Args:
        contract: For seed and settings.
        development: The rows.
        config: The configuration.
        epochs: Determined by cross-validation.
        device: As PyTorch names it, or "auto".
        members: Networks, each from a seed of its own; the first is the same however many there are.

    Raises:
        TrainingError: It cannot be trained.
    """
    started = time.monotonic()
    trained = [
        train_final(
            config,
            contract.settings,
            development.everything(config.encoding),
            vocabulary_size=development.encoded(config.encoding).vocabulary_size,
            epochs=epochs,
            seed=derive(contract.seed, "final", *([member] if member else [])),
            device=device,
        )
        for member in range(members)
    ]
    return Retrained(
        config=config,
        networks=tuple(network for network, _ in trained),
        curves=trained[0][1],
        epochs=epochs,
        seconds=time.monotonic() - started,
    )


def test_probabilities(model: Retrained, genes: Genes, genetic_code: int) -> NDArray[np.float64]:
    """[M] P(resistant) of genes that the model has not seen."""
    return predict(model.networks, encode(genes, model.config.encoding, genetic_code)).astype(np.float64)


def save(model: Retrained, contract: Contract, development: Development, folder: Path, card: dict[str, Any]) -> None:
    """Write safetensors weights and a JSON configuration to `folder`."""
    save_model(
        folder,
        model.networks,
        model.config,
        alphabet=contract.data.alphabet,
        genetic_code=contract.settings.genetic_code,
        letters=common_letters(development.encoded(model.config.encoding)),
        card=card,
    )


def epoch_curves(curves: Curves) -> EpochCurves:
    """Curves, for the report."""
    return EpochCurves(**{name: tuple(values) for name, values in dataclasses.asdict(curves).items()})


def layers(network: BiLSTM, config: LearnerConfig) -> tuple[Layer, ...]:
    """The network's layers, for its picture."""

    def count(part: Any) -> int:
        return sum(weights.numel() for weights in part.parameters())

    hidden = 2 * config.hidden_size
    dropout = f"dropout {config.dropout:.2g}" if config.dropout else ""
    recurrent = [
        Layer(name=f"BiLSTM {number}", output=f"T × {hidden}", parameters=count(part), note=dropout)
        for number, part in enumerate(network.recurrent, start=1)
    ]
    return (
        Layer(
            name=f"Embedding ({config.encoding.replace('_', ' ')})",
            output=f"T × {config.embedding_size}",
            parameters=count(network.embedding) + (0 if network.positions is None else network.positions.numel()),
            note="" if network.positions is None else "with positions",
        ),
        *recurrent,
        Layer(name=f"Pooling: {config.pooling}", output=str(hidden), parameters=0),
        Layer(name="Sigmoid unit", output="1", parameters=count(network.output)),
    )
