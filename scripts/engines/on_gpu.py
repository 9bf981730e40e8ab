"""Training on a GPU, each way in a process of its own: `python -m engines.on_gpu WAY JSON`.

WAY is "tutorial", "plain", or "graphs"; JSON an `engines.cases.GpuCase` with a precision and a number of lanes.
"""

import json
import sys
from concurrent.futures import Future, ThreadPoolExecutor
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
from model.ragged import Ragged

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


class Training:
    """A training in a thread of its own, as the lanes of a worker are.

    Args:
        case: Network and rows.
        precision: Of the settings.
        seed: Of the training.
        graphs: Whether its steps are captured.
    """

    def __init__(self, case: GpuCase, precision: str, seed: int, graphs: bool) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._lane = lane(torch.device(GPU))
        self._curves = Curves()
        self._thread.submit(self._begin, case, precision, seed, graphs).result()

    def epoch(self) -> Future[object]:
        """Begins an epoch."""
        return self._thread.submit(lambda: self._fitting.one_epoch(self._curves.epochs + 1, self._curves, lambda: None))

    def _begin(self, case: GpuCase, precision: str, seed: int, graphs: bool) -> None:
        self._lane.__enter__()  # for good
        data = case.data(case.batches)
        rows = Examples(Ragged.of_padded(data["tokens"], data["lengths"]), data["labels"])
        config = replace(
            original_configuration("dna"),
            embedding_size=case.embedding,
            hidden_size=case.hidden,
            layers=case.layers,
            dropout=DROPOUT,
            batch_size=case.batch,
        )
        settings = TrainingSettings(merge_duplicates=False, precision=precision)  # type: ignore[arg-type]
        self._fitting = Fitting(config, settings, rows, int(data["vocabulary"]), seed, GPU, None, graphs)


def ours(case: GpuCase, precision: str, lanes: int, graphs: bool) -> Works:
    """As many trainings at once as there are lanes."""
    trainings = [Training(case, precision, seed, graphs) for seed in range(lanes)]

    def train() -> dict[str, Any]:
        for epoch in [training.epoch() for training in trainings]:
            epoch.result()
        return {"rows": case.batches * case.batch * lanes}

    return {"train": train}


def main() -> None:
    """Serves one way."""
    way, told = sys.argv[1], json.loads(sys.argv[2])
    precision, lanes = told.pop("precision"), told.pop("lanes")
    case = GpuCase(**told)
    serve(tutorial(case, precision) if way == "tutorial" else ours(case, precision, lanes, way == "graphs"))


if __name__ == "__main__":
    main()
