"""What is measured: rows, lengths, threads; and the rows themselves, written once for all variants."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.encoder import Encoder
from model.encoding import Encoding, encode
from model.genes import Genes
from model.mutations import find_relation
from model.ragged import Tokens
from model.simulation import simulate
from model.splitting import group_ids, split

BATCH = 400
#: Floating-point operations of one token, forward: both layers' products of the original's network.
OPERATIONS = 295_616
CODONS = 303
NOISE = 0.055  # a published solver reached 0.942 on the original's data
ORIGINAL_GENES = 100_000


@dataclass(frozen=True)
class Case:
    """Equal work for all variants."""

    name: str
    threads: int
    batches: int  # of 400 rows, a repetition; the tutorial's way gets one

    def rows(self, variant: str) -> int:
        """Rows of a repetition."""
        return BATCH * (1 if variant == "tutorial" else self.batches)


@dataclass(frozen=True)
class GpuCase:
    """Equal work for all ways of training on a GPU: random tokens, so that nothing but time is measured."""

    shortest: int
    longest: int
    batch: int
    embedding: int
    hidden: int
    layers: int
    batches: int  # of an epoch
    most_lanes: int = 8  # whose memory the card has, beside that of all other ways

    @property
    def name(self) -> str:
        """In words."""
        lengths = f"{self.longest}" if self.shortest == self.longest else f"{self.shortest} to {self.longest}"
        layers = "1 layer" if self.layers == 1 else f"{self.layers} layers"
        return f"T={lengths}, B={self.batch}, E={self.embedding}, H={self.hidden}, {layers}"

    def data(self, batches: int) -> dict[str, Any]:
        """Rows of so many batches, of lengths that are equally frequent."""
        random, rows = np.random.default_rng(0), batches * self.batch
        lengths = random.integers(self.shortest, self.longest + 1, rows)
        tokens = random.integers(2, 6, (rows, self.longest), dtype=np.uint8)
        tokens[np.arange(self.longest) >= lengths[:, None]] = 0
        return arrays(tokens, lengths, random.random(rows) < 0.5, 6)


#: The networks that a search on a short gene tries, small and large; the original's; and that with rows to mask.
GPU_CASES = (
    GpuCase(shortest=99, longest=99, batch=32, embedding=16, hidden=24, layers=1, batches=400),
    GpuCase(shortest=99, longest=99, batch=32, embedding=16, hidden=64, layers=2, batches=200),
    GpuCase(shortest=300, longest=300, batch=400, embedding=50, hidden=62, layers=2, batches=40),
    GpuCase(shortest=200, longest=300, batch=400, embedding=50, hidden=62, layers=2, batches=40, most_lanes=4),
)

CASES = tuple(
    Case(name, threads, 1 if name == "T=900" else threads)
    for threads in (2, 1)
    for name in ("T=300", "T=900", "original's lengths")
)


def arrays(tokens: Tokens, lengths: NDArray[np.int64], labels: NDArray[np.bool_], vocabulary: int) -> dict[str, Any]:
    """Rows as the variants read them, nobody held back, nothing merged."""
    held = np.zeros(len(labels), dtype=np.bool_)
    return {
        "tokens": tokens,
        "lengths": lengths,
        "labels": labels,
        "vocabulary": vocabulary,
        "encoding": "nucleotide",  # of whole sequences it decides nothing but its name
        "positions": 0,
        "held": held,
        "merge": False,
    }


def equal_work(name: str, rows: int) -> dict[str, Any]:
    """Random tokens of one length, or simulated proteins with the original's lengths."""
    if name.startswith("T="):
        steps, random = int(name[2:]), np.random.default_rng(0)
        tokens = random.integers(2, 6, (rows, steps), dtype=np.uint8)
        return arrays(tokens, np.full(rows, steps), random.random(rows) < 0.5, 6)
    made = simulate(max(rows, 400), CODONS, NOISE, seed=0)
    encoded = encode(made.genes.subset(np.arange(rows)), "amino_acid")
    return arrays(encoded.tokens.padded(), encoded.lengths, labels_of(made.genes)[:rows], encoded.vocabulary_size)


def job(scale: float, encoding: Encoding, fold: int) -> dict[str, Any]:
    """One fold of simulated data of the original's shape, with `scale` times fewer genes."""
    genes = simulate(round(ORIGINAL_GENES / scale), CODONS, NOISE, seed=0).genes
    labels = labels_of(genes)
    parts = split(labels, group_ids(genes, ("amino_acid",), 1), 0.2, 5, 0, "together")
    development = np.flatnonzero(~parts.test)
    rows = genes.subset(development)
    encoder = Encoder(ancestors=find_relation(rows).ancestors)
    encoded = encoder.encode(rows, encoding)
    made = arrays(encoded.tokens.padded(), encoded.lengths, labels[development], encoded.vocabulary_size)
    held = parts.fold[development] == fold
    return {**made, "encoding": encoding, "positions": encoded.positions or 0, "held": held, "merge": True}


def labels_of(genes: Genes) -> NDArray[np.bool_]:
    """Simulated genes have labels."""
    if genes.labels is None:
        raise ValueError("simulated genes without labels")
    return genes.labels


def write(folder: Path, name: str, made: dict[str, Any]) -> Path:
    """Writes rows for the variants to load."""
    path = folder / f"{name}.npz"
    np.savez(path, **made)
    return path


def chosen(names: list[str] | None, threads: list[int]) -> Iterator[Case]:
    """The cases asked for."""
    return (case for case in CASES if (names is None or case.name in names) and case.threads in threads)
