"""Training on a GPU, each way in a process of its own: `python -m engines.on_gpu WAY JSON`.

WAY is "tutorial", "plain", or "graphs"; JSON an `engines.cases.GpuCase` with a precision and a number of lanes.
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from engines.cases import GpuCase
from engines.protocol import Works, serve
from model.batching import Examples
from model.configuration import TrainingSettings, original_configuration
from model.epochs import Curves
from model.fitting import Fitting
from model.gpu.lanes import lane

GPU = "cuda:0"
DROPOUT = 0.18


class Tutorial(nn.Module):
    """A network of the case's size with what is at hand: batch first, padded, no mask."""

    def __init__(self, case: GpuCase, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, case.embedding)
        between = DROPOUT if case.layers > 1 else 0.0
        self.recurrent = nn.LSTM(
            case.embedding, case.hidden, case.layers, batch_first=True, bidirectional=True, dropout=between
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(2 * case.hidden, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [B] of tokens [B, T]."""
        _, (states, _) = self.recurrent(self.embedding(tokens))
        logits: Tensor = self.output(self.dropout(torch.cat([states[-2], states[-1]], dim=1))).squeeze(1)
        return logits


def tutorial(case: GpuCase, precision: str) -> Works:
    """A data loader, and torch's defaults but for the precision."""
    for place in (torch.backends.cudnn.rnn, torch.backends.cuda.matmul):
        place.fp32_precision = "ieee" if precision == "fp32" else "tf32"
    data = case.data(batches=case.batches // 4)
    network = Tutorial(case, int(data["vocabulary"])).to(GPU)
    rows = TensorDataset(torch.from_numpy(data["tokens"]).long(), torch.from_numpy(data["labels"]).float())
    optimizer, loss_of = torch.optim.Adam(network.parameters()), nn.BCEWithLogitsLoss()

    def train() -> dict[str, Any]:
        for tokens, labels in DataLoader(rows, batch_size=case.batch, shuffle=True):
            optimizer.zero_grad()
            loss_of(network(tokens.to(GPU)), labels.to(GPU)).backward()
            optimizer.step()
        torch.cuda.synchronize(GPU)
        return {"rows": len(rows)}

    return {"train": train}


def ours(case: GpuCase, precision: str, lanes: int, graphs: bool) -> Works:
    """As many trainings at once as there are lanes, each in a thread of its own, as the lanes of a worker are."""
    data = case.data(case.batches)
    rows = Examples(data["tokens"], data["lengths"], data["labels"])
    config = replace(
        original_configuration("dna"),
        embedding_size=case.embedding,
        hidden_size=case.hidden,
        layers=case.layers,
        dropout=DROPOUT,
        batch_size=case.batch,
    )
    settings = TrainingSettings(merge_duplicates=False, precision=precision)  # type: ignore[arg-type]
    threads = [ThreadPoolExecutor(1) for _ in range(lanes)]

    def begin(seed: int) -> Callable[[], None]:
        stream = lane(torch.device(GPU))
        stream.__enter__()  # for good: the thread is this lane's
        fitting = Fitting(config, settings, rows, int(data["vocabulary"]), seed, GPU, None, graphs)
        curves = Curves()
        return lambda: void(fitting.one_epoch(curves.epochs + 1, curves, lambda: None))

    begun = [thread.submit(begin, seed) for seed, thread in enumerate(threads)]
    epochs = [one.result() for one in begun]

    def train() -> dict[str, Any]:
        for done in [thread.submit(epoch) for thread, epoch in zip(threads, epochs, strict=True)]:
            done.result()
        return {"rows": len(rows.labels) * lanes}

    return {"train": train}


def void(_: object) -> None:
    """Forgets a result."""


def main() -> None:
    """Serves one way."""
    way, told = sys.argv[1], json.loads(sys.argv[2])
    precision, lanes = told.pop("precision"), told.pop("lanes")
    case = GpuCase(**told)
    serve(tutorial(case, precision) if way == "tutorial" else ours(case, precision, lanes, way == "graphs"))


if __name__ == "__main__":
    main()
