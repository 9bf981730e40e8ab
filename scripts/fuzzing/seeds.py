"""Small whole files of every format, and documents of every kind: what is mutated."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fuzzing.texts import DELIMITED, FASTA, JSON, SPACE
from model.genes import Genes

if TYPE_CHECKING:
    from model.fitting import Fitting

IDS = ["g1", "g2", "g3", "g4"]
SEQUENCES = ["ATGAAACGT", "ATGAAACGA", "ATGNNACGTACC", "ATGTAACGT"]
LABELS = np.array([True, False, True, False])
#: Formats of genes that are read with no option.
GENES = ("delimited", "fasta", "json", "npy", "pickle", "npz", "parquet", "arrow", "containers")
#: Files beside the project where they are, by the reader that they are for.
_HOSTILE = {".npy": "npy", ".gz": "containers", ".parquet": "parquet", ".toml": "space"}
HOSTILE = Path(__file__).resolve().parents[3] / "shared" / "cases" / "hostile"


def genes() -> Genes:
    """Returns four genes with labels."""
    return Genes(IDS, SEQUENCES, LABELS, "dna")


@cache
def fitting() -> "Fitting":
    """Returns a training of the smallest network, which any checkpoint may change."""
    from model.fitting import Fitting
    from small_training import CONFIG, SETTINGS, VOCABULARY, examples

    return Fitting(CONFIG, SETTINGS, examples(120), VOCABULARY, 1, "cpu", examples(40, seed=1))


def write_model(folder: Path) -> None:
    """Writes the folder of a small model."""
    from dataclasses import replace

    from model.configuration import original_configuration
    from model.encoder import Encoder
    from model.encoding import vocabulary
    from model.network import build_network
    from model.saving.writing import save_model

    config = replace(
        original_configuration("dna"), encoding="codon", embedding_size=3, hidden_size=4, positions="learned"
    )
    networks = [build_network(config, len(vocabulary("codon")), np.arange(9), 0)]
    letters = np.array([[2, 3, 0, 0], [65, 0, 0, 0]], dtype=np.uint8)
    save_model(folder, networks, config, alphabet="dna", encoder=Encoder(11), letters=letters, card={"name": "x"})


def files(hostile: Path = HOSTILE) -> dict[str, list[bytes]]:
    """Returns whole files by reader, with those made by hand to do harm where they are there."""
    from model.checkpoint import write_checkpoint
    from model.snapshot import to_bytes
    from small_training import fold

    columns = {"genes": SEQUENCES, "resistant": LABELS.tolist()}
    table = pa.table({"id": IDS, "sequence": SEQUENCES, "resistant": LABELS})
    shared = table.set_column(1, "sequence", table["sequence"].dictionary_encode())
    result = fold(settings=_two_epochs())
    work = fitting()
    made = {
        "delimited": DELIMITED,
        "fasta": FASTA,
        "json": JSON,
        "npy": [
            _npy(np.array(columns, dtype=object)),
            _npy(np.array([{**columns, "resistant": LABELS}], dtype=object)),
            _npy(np.array(list(zip(SEQUENCES, LABELS, strict=True)), dtype=[("sequence", "U12"), ("label", "?")])),
        ],
        "pickle": [pickle.dumps({**columns, "resistant": LABELS}, protocol) for protocol in (2, 3, 4, 5)],
        "npz": [_npz(np.savez), _npz(np.savez_compressed)],
        "parquet": [_parquet(table), _parquet(shared), _parquet(table, "zstd"), _parquet(table, "gzip")],
        "arrow": [_arrow(table, True), _arrow(table, False), _arrow(shared, False)],
        "containers": [
            *(pack(DELIMITED[0]) for pack in (gzip.compress, bz2.compress, lzma.compress, _zstd, _zip)),
            gzip.compress(b"ACGT" * 1_000_000),
        ],
        "label table": [b"id,resistant\ng1,1\ng2,0\n", b"id\tphenotype\tdrug\ng1\tR\tx\ng2\tS\tx\ng1\tR\ty\n"],
        "space": SPACE,
        "fold": [_fold(result)],
        "checkpoint": [write_checkpoint(work, result.curves, list(result.probabilities))],
        "snapshot": [to_bytes(genes(), np.array([0, 1, 0, 1])), to_bytes(genes())],
        "model weights": [_weights()],
    }
    for path in sorted(hostile.glob("*")) if hostile.is_dir() else ():
        if path.suffix in _HOSTILE:
            made[_HOSTILE[path.suffix]].append(path.read_bytes())
    return made


def documents() -> dict[str, list[Any]]:
    """Returns what a database holds, as JSON, and the description of a model, by reader."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json

    from contract_documents import DOCUMENT, FIRST, SECOND, THIRD

    record = {"fold": 0, "artifact": "0" * 64, "epochs": 2, "seconds": 1.5}
    lease = {
        "worker": "w",
        "host": "h",
        "pid": 1,
        "device": "cpu",
        "token": "t",
        "beat": 3,
        "fold": 1,
        "renewed_at": 1.5,
    }
    death = {"worker": "w", "when": "2026-01-01T00:00:00+00:00", "fold": 1, "token": "t", "how": "signal 9"}
    kinds = (
        FloatDistribution(0.1, 1, log=True),
        IntDistribution(1, 9, step=2),
        CategoricalDistribution(("a", None, 1)),
    )
    return {
        "contract": [DOCUMENT, THIRD, SECOND, FIRST],
        "study attributes": [
            {
                "hpo:budget": 30,
                "hpo:paused": False,
                "hpo:test_opening:a": "2026-01-01",
                "hpo:test_openings": ["2025-01-01"],
            }
        ],
        "trial attributes": [
            {
                "hpo:fold:0": record,
                "hpo:fold:1": record | {"fold": 1},
                "fold_accuracies": [0.5, 0.75],
                "hpo:config": {"encoding": "codon", "layers": 2, "dropout": 0.1},
                "hpo:checkpoint": {"fold": 2, "epochs": 3, "seconds": 9.5},
            }
        ],
        "lease": [lease, [death, death]],
        "parameters": [json.loads(distribution_to_json(kind)) for kind in kinds],
        "model config": [_description()],
        "model baseline": _baselines(),
    }


def _baselines() -> list[Any]:
    """One regression of each kind, on numbers that the genes above have."""
    common = {"weights": [0.5, -1.25, 2.0], "intercept": -0.25}
    whole = {**common, "encoding": "nucleotide", "ancestor": None, "base": 8}
    return [
        {**whole, "name": "logistic_regression", "size": 1, "numbers": [2, 13, 20]},
        {**whole, "name": "kmer_logistic_regression", "size": 4, "numbers": [1000, 1170, 4000]},
        {
            **common,
            "name": "mutation_logistic_regression",
            "encoding": "mutation_nucleotide",
            "ancestor": SEQUENCES[0],
            "base": 0,
            "size": 1,
            "numbers": [3, 40, 77],
        },
    ]


def _two_epochs() -> Any:
    from model.configuration import TrainingSettings

    return TrainingSettings(max_epochs=2, patience=2)


def _written_model() -> tuple[bytes, bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder))
        return (Path(folder) / "config.json").read_bytes(), (Path(folder) / "weights-0.safetensors").read_bytes()


def _description() -> Any:
    return json.loads(_written_model()[0])


def _weights() -> bytes:
    return _written_model()[1]


def _npy(array: "np.ndarray[Any, Any]") -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def _npz(save: Any) -> bytes:
    stream = io.BytesIO()
    save(stream, genes=np.array(SEQUENCES), resistant=LABELS)
    return stream.getvalue()


def _fold(result: Any) -> bytes:
    stream = io.BytesIO()
    curves = {name: np.array([0.5, 0.25]) for name in ("train_loss", "train_accuracy", "validation_loss")}
    np.savez(stream, probabilities=np.zeros((2, 2), np.float32), validation_accuracy=np.array([0.5, 1.0]), **curves)
    return stream.getvalue()


def _parquet(table: pa.Table, compression: str = "snappy") -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression=compression)
    return bytes(sink.getvalue().to_pybytes())


def _arrow(table: pa.Table, stream: bool) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) if stream else pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def _zip(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("genes.csv", data)
    return stream.getvalue()
