"""Retraining on all development rows, with the number of epochs that cross-validation determined.

Training can miss: a network gets stuck on the way, or its very last steps throw it off. Cross-validation shows how well
this configuration fits its rows after so many epochs; a network that fits clearly worse is trained again from another
seed. Development rows alone decide that (docs/decisions/0013).
"""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.search.seeds import derive
from hpo.study.contract import Contract
from hpo.trial.development_rows import DevelopmentRows
from model.baseline import KeptBaseline
from model.batching import Examples
from model.configuration import MAX_THREADS, LearnerConfig, TrainingSettings
from model.cores import usable_cores
from model.encoder import Encoder
from model.encoding import Encoding
from model.engines import NativeEngine, engine_for
from model.genes import Genes
from model.mutagenesis import common_letters
from model.network import BiLSTM
from model.origin import Answers, Origin
from model.prediction import predict
from model.runtime import resolve_device
from model.saving.writing import save_model
from model.seen import describe
from model.training import Curves, FoldResult, train_final

#: Trainings of one network at most; the one that fits best is kept where none fits well.
MOST_TRIES = 5
#: How much higher the loss on a network's own rows may be than that of the worst network of cross-validation.
TOLERANCE = 1.1
_LEAST = 1e-7  # a probability of 0 has no logarithm

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """Networks trained on all development rows; their probabilities are averaged."""

    configs: tuple[LearnerConfig, ...]  #: of each network; all read genes by the same encoding
    networks: tuple[BiLSTM, ...]
    curves: Curves  #: of the first network
    epochs: int  #: of the first network

    @property
    def config(self) -> LearnerConfig:
        """Of the first network, which is the chosen trial's."""
        return self.configs[0]


def retrain(
    contract: Contract,
    development: DevelopmentRows,
    config: LearnerConfig,
    epochs: int,
    folds: Sequence[FoldResult],
    device: str,
    members: int = 1,
) -> Retrained:
    """Trains a configuration on all development rows.

    Args:
        contract: For seed and settings.
        development: The rows.
        config: The configuration.
        epochs: Determined by cross-validation.
        folds: Of the trial, which say how well the configuration fits its rows.
        device: As PyTorch names it, or "auto".
        members: Networks, each from a seed of its own; the first is the same however many there are.

    Raises:
        TrainingError: It cannot be trained.
    """
    rows, encoded = development.everything(config.encoding), development.encoded(config.encoding)
    settings = on_all_cores(contract.settings, device)

    def train(member: int, again: int) -> tuple[BiLSTM, Curves]:
        purpose = ("final", *((member,) if member else ()), *(("again", again) if again else ()))
        return train_final(
            config,
            settings,
            rows,
            vocabulary_size=encoded.vocabulary_size,
            positions=encoded.positions,
            epochs=epochs,
            seed=derive(contract.seed, *purpose),
            device=device,
        )

    highest = TOLERANCE * max(fold.curves.train_loss[epochs - 1] for fold in folds)
    trained = [
        first_that_fits(partial(train, member), lambda network: loss_on(network, rows), highest)
        for member in range(members)
    ]
    return Retrained(
        configs=(config,) * members,
        networks=tuple(network for network, _ in trained),
        curves=trained[0][1],
        epochs=epochs,
    )


def joined(parts: Sequence[Retrained]) -> Retrained:
    """Puts the networks of several configurations into one model; the first one's come first."""
    return dataclasses.replace(
        parts[0],
        configs=tuple(config for part in parts for config in part.configs),
        networks=tuple(network for part in parts for network in part.networks),
    )


def on_all_cores(settings: TrainingSettings, device: str) -> TrainingSettings:
    """Returns settings that give the same network, faster: no worker needs the cores now.

    Only the native engine gives the same numbers with any number of threads; with another one they stay the study's.
    """
    engine = engine_for(settings.engine, resolve_device(device), settings.threads)
    cores = min(usable_cores(), MAX_THREADS)
    return dataclasses.replace(settings, threads=cores) if isinstance(engine, NativeEngine) else settings


def first_that_fits(
    train: Callable[[int], tuple[BiLSTM, Curves]], loss: Callable[[BiLSTM], float], highest: float
) -> tuple[BiLSTM, Curves]:
    """Trains until a network fits its rows.

    Args:
        train: Trains the network of a try, counted from 0.
        loss: Of a network on the rows that it was trained on.
        highest: The loss that is good enough.

    Returns:
        The first that is good enough; where none is, the one that fits best.
    """
    tried: list[tuple[float, tuple[BiLSTM, Curves]]] = []
    for again in range(MOST_TRIES):
        trained = train(again)
        tried.append((loss(trained[0]), trained))
        if tried[-1][0] <= highest:
            return trained
        log.warning(
            "try %d of %d: the network fits its own rows worse than in cross-validation: loss %.3f, there at most %.3f;"
            " %s",
            *(again + 1, MOST_TRIES, tried[-1][0], highest / TOLERANCE),
            "training it again from another seed" if again + 1 < MOST_TRIES else "the best of them is taken",
        )
    return min(tried, key=lambda one: one[0])[1]


def loss_on(network: BiLSTM, rows: Examples) -> float:
    """Returns the mean cross-entropy of a network on some rows."""
    called = predict(network, rows).astype(np.float64).clip(_LEAST, 1.0 - _LEAST)
    return float(-np.log(np.where(rows.labels, called, 1.0 - called)).mean())


def test_probabilities(model: Retrained, genes: Genes, encoder: Encoder) -> NDArray[np.float64]:
    """Returns [M] P(resistant) of genes that the model has not seen."""
    return predict(model.networks, encoder.encode(genes, model.config.encoding)).astype(np.float64)


def origin_of(contract: Contract, genes: Genes, encoding: Encoding) -> Origin:
    """Returns what predictions need to know of the training genes."""
    read, labels = contract.data.columns, contract.data.labels
    columns = {} if read is None else {"sequence": read.sequence, "id": read.id}
    return Origin(
        seen=describe(genes, contract.encoder, encoding),
        columns={what: name for what, name in columns.items() if name is not None},
        answers=None if labels is None else Answers(labels.resistant, labels.susceptible),
    )


def save(
    model: Retrained,
    contract: Contract,
    development: DevelopmentRows,
    folder: Path,
    card: dict[str, Any],
    baseline: KeptBaseline | None = None,
) -> None:
    """Writes safetensors weights, a JSON configuration, and the regression where there is one, to `folder`."""
    save_model(
        folder,
        model.networks,
        model.configs,
        alphabet=contract.data.alphabet,
        encoder=contract.encoder,
        rules=contract.data.cleaning.rules,
        letters=common_letters(development.encoded(model.config.encoding)),
        origin=origin_of(contract, development.genes, model.config.encoding),
        card=card,
        baseline=baseline,
    )
