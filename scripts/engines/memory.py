"""Memory of a worker at the original's size, trial after trial: `python -m engines.memory ENCODING TRIALS`.

A trial here is one fold of 100,000 simulated genes, as a worker trains it, that ends after a few batches; the sizes of
the network and of the batch vary as in a search, the first trial is the original's configuration.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from engines.cases import CODONS, NOISE, ORIGINAL_GENES, labels_of
from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.encoder import Encoder
from model.mutations import find_relation
from model.simulation import simulate
from model.training import train_fold

BATCHES = 4


class EnoughError(Exception):
    """A trial's batches are done."""


def main() -> None:
    """Tells the memory before the first trial and after each."""
    encoding, trials = sys.argv[1], int(sys.argv[2])
    genes = simulate(ORIGINAL_GENES, CODONS, NOISE, seed=0).genes  # a worker keeps its genes, too
    encoded = Encoder(ancestors=find_relation(genes).ancestors).encode(genes, encoding)  # type: ignore[arg-type]
    rows = Examples(encoded.tokens, labels_of(genes))
    parts = np.random.default_rng(0).integers(0, 25, len(rows.labels))  # of 25: 16 to train with, 4 to validate
    tell()
    for trial in range(trials):
        training, validation = rows.subset(parts < 16), rows.subset((parts >= 16) & (parts < 20))
        size, positions = encoded.vocabulary_size, encoded.positions
        config = configuration(trial, encoding)
        try:
            train_fold(config, TrainingSettings(), training, validation, size, 0, positions=positions, on_batch=Limit())
        except EnoughError:
            tell()


def configuration(trial: int, encoding: str) -> LearnerConfig:
    """The original's, then sizes as a search draws them."""
    original = replace(original_configuration("dna"), encoding=encoding)  # type: ignore[arg-type]
    if trial == 0:
        return original
    random = np.random.default_rng(trial)
    sizes = {"hidden_size": int(random.integers(16, 129)), "layers": int(random.integers(1, 3))}
    pooling = str(random.choice(["last", "mean", "max"]))
    return replace(original, **sizes, pooling=pooling, batch_size=int(random.integers(32, 513)))  # type: ignore[arg-type]


class Limit:
    """Ends a trial after some batches."""

    def __init__(self) -> None:
        self.left = BATCHES

    def __call__(self) -> None:
        """Counts a batch."""
        self.left -= 1
        if self.left == 0:
            raise EnoughError


def tell() -> None:
    """Prints resident memory now and at its highest, in MiB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, highest = (int(lines[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM"))
    print(json.dumps({"now": now, "highest": highest}), flush=True)


if __name__ == "__main__":
    main()
