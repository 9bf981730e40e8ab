"""Every reader of what others wrote, by name: its seeds, the words that its mutations insert, and what reads an input.

A reader ends in one of the project's own errors, or gives something that is then used as a command would use it.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzzing import seeds
from fuzzing.mutation import mutate_bytes, mutate_document
from fuzzing.texts import FASTA, WORDS
from model.reading import read_genes

#: Bytes of memory that a file of genes may take here.
MEMORY = 64 * 2**20


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        read: Takes an input and a folder to put it in.
        seeds: What is mutated; documents are mutated as such half of the time, and as JSON text else.
        words: Inserted into bytes.
    """

    read: Callable[[bytes, Path], None]
    seeds: Sequence[bytes] = ()
    documents: Sequence[Any] = ()
    words: Sequence[bytes] = ()

    def input(self, name: str, number: int) -> bytes:
        """Returns one input: the same for the same name and number."""
        generator = random.Random(f"{name}:{number}")
        if self.documents and generator.random() < 0.8:
            return json.dumps(mutate_document(generator.choice(self.documents), generator)).encode()
        texts = [*self.seeds, *(json.dumps(document).encode() for document in self.documents)]
        return mutate_bytes(texts, self.words, generator)


def _genes(data: bytes, folder: Path, **options: Any) -> None:
    path = folder / "genes"
    path.write_bytes(data)
    read_genes(path, memory=MEMORY, **options)


def _loose(data: bytes, folder: Path) -> None:
    """Reads with every rule that lets something in."""
    from model.cleaning import Rules

    rules = Rules(gaps="remove", odd_letters="unknown", inner_stops="cut", missing="drop")
    _genes(data, folder, rules=rules, require_labels=False)


def _headers(data: bytes, folder: Path) -> None:
    _genes(data, folder, header_labels=True)


def _labels(data: bytes, folder: Path) -> None:
    path = folder / "labels"
    path.write_bytes(data)
    _genes(FASTA[1], folder, labels_path=path)


def _space(data: bytes, folder: Path) -> None:
    from hpo.search.space import read_space

    path = folder / "space.toml"
    path.write_bytes(data)
    space = read_space(path, "dna", related=("mutation", "mutation_nucleotide"))
    _ = space.distributions, space.encodings, space.start, space.largest


def _model(data: bytes, folder: Path, name: str) -> None:
    from model.batching import Examples
    from model.prediction import predict
    from model.saving.loading import load_model

    whole, used = folder / "whole", folder / "model"
    if not whole.exists():
        seeds.write_model(whole)
    if not used.exists():
        shutil.copytree(whole, used)
    (used / name).write_bytes(data)
    if name != "config.json":
        # Whoever can write a file can write its digest too.
        config, digest = json.loads((whole / "config.json").read_text()), hashlib.sha256(data).hexdigest()
        config |= {"baseline": digest} if name == "baseline.json" else {"weights": [digest]}
        (used / "config.json").write_text(json.dumps(config))
    model = load_model(used)
    encoded = model.encoder.encode(seeds.genes(), model.config.encoding)
    rows = Examples(encoded.tokens, seeds.LABELS)
    predict(model.networks, rows)
    if model.baseline is not None:
        found = model.baseline.probabilities(seeds.genes(), model.encoder.genetic_code, model.encoder.gaps)
        if not all(0.0 <= value <= 1.0 for value in found):
            raise AssertionError(f"the regression answers {found}")


def _fold(data: bytes, folder: Path) -> None:
    from hpo.study.attributes import FoldRecord
    from hpo.trial.fold_results import read_fold
    from storage.artifacts import open_artifacts

    artifacts = open_artifacts(str(folder / "artifacts"), create=True)
    name = artifacts.put(data)
    try:
        read_fold(artifacts, FoldRecord(fold=0, artifact=name, epochs=2, seconds=1.0), rows=2)
    finally:
        artifacts.remove(name)


def _checkpoint(data: bytes, folder: Path) -> None:
    from model.checkpoint import read_checkpoint

    read_checkpoint(data, seeds.fitting(), rows=40)


def _snapshot(data: bytes, folder: Path) -> None:
    from model.snapshot import from_bytes

    genes, _ = from_bytes(data)
    genes.fingerprint()


def _document(data: bytes) -> Any:
    """Reads JSON as a database would hand it over; what is no JSON stays text, as for all readers of attributes."""
    from storage.database.stored import read_json

    return read_json(0, "hpo:x", data.decode("utf-8", "replace"))


def _contract(data: bytes, folder: Path) -> None:
    from hpo.study.contract import parse

    contract = parse(_document(data), "s")
    space = contract.search.space
    _ = contract.encoder, space.distributions, space.start, space.largest
    contract.check_device("cuda:0")
    contract.check_versions()


def _study(data: bytes, folder: Path) -> None:
    from hpo.study.attributes import openings_of, read_orders

    document = _document(data)
    attributes = document if isinstance(document, dict) else {"hpo:budget": document}
    openings_of(attributes)
    read_orders(attributes, "s")


def _trial(data: bytes, folder: Path) -> None:
    from optuna.trial import TrialState

    from hpo.search.tasks import Progress, choose_task
    from hpo.study import attributes as trial
    from hpo.trial.standings import Standings

    document = _document(data)
    attributes = document if isinstance(document, dict) else {"hpo:fold:0": document}
    trial.finished_folds(attributes, 5)
    trial.fold_accuracies(attributes)
    trial.configuration(attributes)
    trial.checkpoint_of(attributes)
    standing = Standings(5, 20, 100).read(0, attributes, TrialState.WAITING)
    choose_task(Progress(trials=[standing], folds=5, unbegun=1, rows=20))


def _lease(data: bytes, folder: Path) -> None:
    from optuna.trial import TrialState, create_trial

    from storage.trials.lease import StoredLease, is_ours, lease_of, read_deaths

    text = data.decode("utf-8", "replace")
    stored = StoredLease(text)
    _ = stored.lease, stored.is_unreadable
    read_deaths(text)
    trial = create_trial(state=TrialState.RUNNING, user_attrs={"hpo:lease": _document(data)})
    _ = lease_of(trial), is_ours(trial)


def _parameters(data: bytes, folder: Path) -> None:
    from storage.database.stored import read_params

    text = data.decode("utf-8", "replace")
    read_params(0, [(1, "x", value, text) for value in (0.0, 1.0, 1e308, float("nan"), -1.0)])


def readers() -> dict[str, Reader]:
    """Returns all readers, with their seeds made."""
    made = seeds.files()
    documents = seeds.documents()
    tables = {name: Reader(_genes, made[name], words=WORDS.get(name, ())) for name in seeds.GENES}
    return tables | {
        "loose rules": Reader(_loose, [*made["delimited"], *made["fasta"]], words=WORDS["delimited"]),
        "fasta headers": Reader(_headers, made["fasta"], words=WORDS["fasta"]),
        "label table": Reader(_labels, made["label table"], words=WORDS["delimited"]),
        "space": Reader(_space, made["space"], words=WORDS["space"]),
        "model config": Reader(
            lambda data, folder: _model(data, folder, "config.json"), documents=documents["model config"]
        ),
        "model weights": Reader(
            lambda data, folder: _model(data, folder, "weights-0.safetensors"), made["model weights"]
        ),
        "model baseline": Reader(
            lambda data, folder: _model(data, folder, "baseline.json"), documents=documents["model baseline"]
        ),
        "fold": Reader(_fold, made["fold"], words=WORDS["npz"]),
        "checkpoint": Reader(_checkpoint, made["checkpoint"]),
        "snapshot": Reader(_snapshot, made["snapshot"]),
        "contract": Reader(_contract, documents=documents["contract"]),
        "study attributes": Reader(_study, documents=documents["study attributes"]),
        "trial attributes": Reader(_trial, documents=documents["trial attributes"]),
        "lease": Reader(_lease, documents=documents["lease"]),
        "parameters": Reader(_parameters, documents=documents["parameters"]),
    }
