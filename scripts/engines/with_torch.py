"""`nn.LSTM` as a tutorial writes it, and our paths.

with_torch.py VARIANT DATA THREADS BATCH SEED
"""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from engines.protocol import Works, load, serve
from model.batching import Examples
from model.configuration import TrainingSettings, original_configuration
from model.epochs import Curves
from model.fitting import Fitting
from model.prediction import load_rows, logits_of
from model.ragged import Ragged

Data = dict[str, NDArray[Any]]


class Tutorial(nn.Module):
    """The original's network with what is at hand: batch first, padded, no mask."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 50)
        self.first = nn.LSTM(50, 62, batch_first=True, bidirectional=True)
        self.second = nn.LSTM(124, 62, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.18)
        self.output = nn.Linear(124, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [B] of tokens [B, T]."""
        values, _ = self.first(self.embedding(tokens))
        _, (states, _) = self.second(self.dropout(values))
        logits: Tensor = self.output(self.dropout(torch.cat([states[0], states[1]], dim=1))).squeeze(1)
        return logits


def tutorial(data: Data, threads: int, batch: int, seed: int) -> Works:
    """Training and inference with a data loader and torch's defaults."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    network = Tutorial(int(data["vocabulary"]))
    rows = TensorDataset(torch.from_numpy(data["tokens"]).long(), torch.from_numpy(data["labels"]).float())
    optimizer, loss_of = torch.optim.Adam(network.parameters()), nn.BCEWithLogitsLoss()

    def train() -> dict[str, Any]:
        network.train()
        for tokens, labels in DataLoader(rows, batch_size=batch, shuffle=True):
            optimizer.zero_grad()
            loss_of(network(tokens), labels).backward()
            optimizer.step()
        return {}

    def infer() -> dict[str, Any]:
        network.eval()
        with torch.no_grad():
            for tokens, _ in DataLoader(rows, batch_size=batch):
                network(tokens)
        return {}

    return {"train": train, "infer": infer}


def ours(engine: str, data: Data, threads: int, batch: int, seed: int) -> Works:
    """Training and inference as a worker does them."""
    rows, held = Examples(Ragged.of_padded(data["tokens"], data["lengths"]), data["labels"]), data["held"]
    config = replace(original_configuration("dna"), batch_size=batch, encoding=str(data["encoding"]))  # type: ignore[arg-type]
    settings = TrainingSettings(
        engine=engine,  # type: ignore[arg-type]
        threads=threads,
        merge_duplicates=bool(data["merge"]),
    )
    validation = rows.subset(held) if held.any() else None
    vocabulary, positions = int(data["vocabulary"]), int(data["positions"]) or None
    fitting = Fitting(config, settings, rows.subset(~held), vocabulary, seed, "cpu", validation, positions=positions)
    curves = Curves()

    def train() -> dict[str, Any]:
        fitting.one_epoch(curves.epochs + 1, curves, lambda: None)
        return {"accuracy": curves.validation_accuracy[-1]} if held.any() else {}

    def infer() -> dict[str, Any]:
        logits_of(fitting.network, load_rows(rows.tokens, fitting.device, batch), fitting.runner)
        return {}

    return {"train": train, "infer": infer}


def limit(threads: int) -> Works:
    """The machine's fp32 matrix product: 4 of 2,000 by 2,000."""
    torch.set_num_threads(threads)
    left, right = torch.randn(2, 2000, 2000, generator=torch.Generator().manual_seed(0))

    def multiply() -> dict[str, Any]:
        for _ in range(4):
            torch.mm(left, right)
        return {"operations": 4 * 2 * 2000**3}

    return {"train": multiply}


def main() -> None:
    """Serves one variant."""
    variant, data, threads, batch, seed = sys.argv[1], load(sys.argv[2]), *map(int, sys.argv[3:6])
    if variant == "limit":
        serve(limit(threads))
    elif variant == "tutorial":
        serve(tutorial(data, threads, batch, seed))
    else:
        serve(ours(variant, data, threads, batch, seed))


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
