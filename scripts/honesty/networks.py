"""Real studies: the whole job with small networks by the command line, and the winner's fold models once more."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honesty.plan import FOLDS, Kind, ancestor_of, fresh_genes, study_genes
from honesty.records import as_record
from hpo.finalizing.trials import ChosenTrial, choose_trial, read_search
from hpo.search.seeds import derive
from hpo.study.address import StudyAddress
from hpo.study.opened import OpenedStudy, open_study
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from model.encoding import encode, encodings_for
from model.genes import Genes
from model.network import BiLSTM
from model.prediction import predict
from model.saving.loading import load_model
from model.simulation import write_simulated
from model.splitting import group_ids
from model.training import train_final

TRIALS = 12
SPACE = """
encoding = ["codon", "amino_acid"]
embedding_size = [8, 16]
hidden_size = { low = 8, high = 24, log = true }
layers = 1
batch_size = [16, 32, 64]
learning_rate = { low = 3e-3, high = 3e-2, log = true }
linear = "none"
"""


def network_study(kind: Kind, seed: int, folder: Path) -> dict[str, Any]:
    """Search, finalize, and look up the final model's and the fold models' accuracy on fresh genes."""
    place = folder / str(seed)
    place.mkdir(parents=True, exist_ok=True)
    made = study_genes(kind, seed)
    write_simulated(made, place / "genes.csv")
    result = run(place, seed)
    opened = open_study(StudyAddress(storage=f"sqlite:///{place / 'hpo.db'}", study="s"))
    development = load_development_rows(opened.contract, opened.artifacts)
    search = read_search(opened, development)
    winner = choose_trial(opened, search, development, "best")
    encoding = winner.config.encoding
    final = load_model(place / "report/model").networks
    fresh = fresh_genes(ancestor_of(seed), kind.codons)
    groups = group_ids(made.genes, encodings_for("dna"))
    row_of = {name: row for row, name in enumerate(made.genes.ids)}
    rows = np.array([row_of[name] for name in development.genes.ids])
    test = np.setdiff1d(np.arange(len(groups)), rows)
    correct = search.out_of_fold.correct
    column = search.out_of_fold.numbers.index(winner.trial.number)
    right = calls(final, made.genes, encoding)[test] == made.genes.labels[test]
    folds = [calls([model], fresh, encoding) == fresh.labels for model in fold_models(opened, development, winner)]
    wanted = set(made.resistance_positions)
    return {
        "truth": float(np.mean(calls(final, fresh, encoding) == fresh.labels)),
        "fold_models_truth": float(np.mean(folds)),
        **as_record(correct, column, result["cv"]["mean"], groups[rows], right, groups[test]),
        "reported": reported(result),
        "positions_found": len(wanted & set(result["positions"]["top"][: len(wanted)])),
        "positions": len(wanted),
    }


def run(place: Path, seed: int) -> dict[str, Any]:
    """`hpo run` in a folder; what it prints."""
    (place / "space.toml").write_text(SPACE)
    job = ("run", "genes.csv", "--study", "s", "--trials", str(TRIALS), "--space", "space.toml", "--workers", "1")
    job = (*job, "--max-epochs", "12", "--patience", "3", "--seed", str(seed), "--original", "all")
    job = (*job, "--output", "report", "--json")
    done = subprocess.run([sys.executable, "-m", "hpo", *job], cwd=place, env=os.environ, check=True, stdout=-1)
    return dict(json.loads(done.stdout))


def calls(networks: list[BiLSTM] | tuple[BiLSTM, ...], genes: Genes, encoding: str) -> NDArray[np.bool_]:
    """[N] called resistant."""
    return np.asarray(predict(networks, encode(genes, encoding)) > 0.5)


def fold_models(opened: OpenedStudy, development: DevelopmentRows, winner: ChosenTrial) -> list[BiLSTM]:
    """Trains the winner's folds again, as the search did: it keeps their predictions, not their networks."""
    config, contract = winner.config, opened.contract
    return [
        train_final(
            config,
            contract.settings,
            development.training(config.encoding, fold),
            development.encoded(config.encoding).vocabulary_size,
            winner.epochs,
            derive(contract.seed, "fold", fold),
        )[0]
        for fold in range(FOLDS)
    ]


def reported(result: dict[str, Any]) -> list[float]:
    """What result.json says, in the order of `judging.figures`."""
    cv, test, gap = result["cv"], result["test"], result["gap_details"]["corrected"]
    return [cv["corrected_mean"], *cv["interval95"], test["accuracy"], *test["interval95"], *gap["interval95"]]
