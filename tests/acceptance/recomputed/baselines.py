"""The baselines, computed again: by counting, and by scikit-learn."""

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from Bio.Seq import Seq
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from hpo.finalizing.final_model import retrain
from hpo.finalizing.usable_trials import folds_of
from hpo.trial.development_rows import load_development_rows
from model.encoding import encode
from model.prediction import predict
from recomputed.formulas import mcnemar, mcnemar_by_sequence
from recomputed.stored import FOLDS, Stored, words

#: (training rows, rows to predict) -> P(resistant); rows are numbers of development and test rows together
Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]


def baselines(study: Stored) -> dict[str, Any]:
    sequences = [" ".join(map(str, word)) for word in words(study.everyone, "amino_acid")]
    labels = study.everyone.labels
    rules = {
        "majority": lambda train, rows: np.full(len(rows), labels[train].mean()),
        "identical_sequence": look_up(sequences, labels),
        "logistic_regression": regression(by_position(sequences), sequences, labels),
        "kmer_logistic_regression": regression(by_word(sequences), sequences, labels),
    }
    ancestor = study.contract.data.ancestors.get("mutation")
    if ancestor is not None and "mutation" in study.contract.search.space.encodings:
        rules["mutation_logistic_regression"] = regression(by_mutation(study, ancestor), sequences, labels)
    predicted = {name: predictions(study, rule) for name, rule in rules.items()}
    predicted["original_configuration"] = (study.out_of_fold(study.complete[0]), retrained_original(study))
    return {name: beside_the_chosen(study, *both) for name, both in predicted.items()}


def predictions(study: Stored, rule: Rule) -> tuple[np.ndarray, np.ndarray | None]:
    """Out of fold, and of the test rows."""
    rows, out_of_fold = np.arange(len(study.labels)), np.empty(len(study.labels))
    for k in range(FOLDS):
        out_of_fold[study.folds == k] = rule(rows[study.folds != k], rows[study.folds == k])
    tested = np.arange(len(rows), len(study.everyone))
    return out_of_fold, rule(rows, tested) if len(tested) else None


def look_up(sequences: list[str], labels: np.ndarray) -> Rule:
    """The commoner label of the same sequence in training; that of all rows where it is new or tied."""

    def rule(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
        known: dict[str, list[bool]] = {}
        for row in train:
            known.setdefault(sequences[row], []).append(labels[row])
        shares = [np.mean(known.get(sequences[row], [0, 1])) for row in rows]
        return np.array([labels[train].mean() if share == 0.5 else share for share in shares])

    return rule


def by_position(sequences: list[str]) -> sparse.csr_matrix:
    return counts(sequences, lambda sequence: [f"{at:04} {token}" for at, token in enumerate(sequence.split())])


def by_mutation(study: Stored, ancestor: str) -> sparse.csr_matrix:
    """One column for each difference from the ancestor, and for each place where a protein ends."""

    def of(sequence: str) -> list[str]:
        protein = translated(sequence)
        # Simulated genes have no insertions and deletions, so that letters face letters.
        pairs = enumerate(zip(protein, ancestor, strict=False))
        return [f"{at}{letter}" for at, (letter, old) in pairs if letter != old] + [f"end{len(protein)}"]

    return counts(study.everyone.sequences, of)


def translated(sequence: str) -> str:
    return str(Seq(sequence[: len(sequence) // 3 * 3]).translate(to_stop=True))


def by_word(sequences: list[str]) -> sparse.csr_matrix:
    """Words as long as keeps the possible ones under 60,000, at most six tokens."""
    letters = max(int(token) for sequence in sequences for token in sequence.split()) + 1
    k = max(k for k in range(1, 7) if letters**k <= 60_000)

    def of(sequence: str) -> list[str]:
        tokens = sequence.split()
        return [" ".join(tokens[at : at + k]) for at in range(len(tokens) - k + 1)]

    return counts(sequences, of)


def counts(sequences: list[str], features: Callable[[str], list[str]]) -> sparse.csr_matrix:
    """Without the columns that say the same of every sequence."""
    table = CountVectorizer(analyzer=features).fit_transform(sequences).astype(float)
    return table[:, (table.max(axis=0).toarray() != table.min(axis=0).toarray()).ravel()]


def regression(features: sparse.csr_matrix, sequences: list[str], labels: np.ndarray) -> Rule:
    """scikit-learn's, its penalty chosen on three inner folds; rows of one sequence and label are one, with weight."""

    def rule(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
        row_of = {(padded(sequences[row]), bool(labels[row])): row for row in train}
        copies = Counter((padded(sequences[row]), bool(labels[row])) for row in train)
        pairs = sorted(copies)
        weights, chosen = np.array([copies[pair] for pair in pairs]), [row_of[pair] for pair in pairs]
        names, number = np.unique([sequence for sequence, _ in pairs], return_inverse=True)
        inner = np.random.default_rng(0).permutation(len(names))[number] % 3
        x, y = features[chosen], labels[chosen]

        def right(penalty: float) -> int:
            total = 0
            for k in range(3):
                fitted = fit(x[inner != k], y[inner != k], weights[inner != k], penalty)
                total += weights[inner == k][fitted.predict(x[inner == k]) == y[inner == k]].sum()
            return total

        penalty = max((0.01, 0.1, 1.0, 10.0), key=right)
        return fit(x, y, weights, penalty).predict_proba(features[rows])[:, 1]

    return rule


def padded(sequence: str) -> str:
    """Sorts as the tokens do."""
    return " ".join(f"{int(token):02}" for token in sequence.split())


def fit(x: sparse.csr_matrix, y: np.ndarray, weights: np.ndarray, penalty: float) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it stops after 300 steps
        return LogisticRegression(C=penalty, max_iter=300).fit(x, y, sample_weight=weights)


def retrained_original(study: Stored) -> np.ndarray | None:
    """Trial 0 trained again on all development rows: its network is not stored."""
    if study.test is None:
        return None
    first, development = study.trials[0], load_development_rows(study.contract, study.opened.artifacts)
    config = study.contract.baseline_configuration
    epochs, folds = first.user_attrs["hpo:epochs"], folds_of(study.opened, first, development)
    trained = retrain(study.contract, development, config, epochs, folds, "auto")
    return predict(trained.networks, encode(study.test, config.encoding))


def beside_the_chosen(study: Stored, out_of_fold: np.ndarray, on_test: np.ndarray | None) -> dict[str, Any]:
    right, winner = (out_of_fold > 0.5) == study.labels, study.correct[:, study.winner]
    figures = {
        "fold_accuracies": study.per_fold(right).tolist(),
        "cv": study.per_fold(right).mean(),
        "mcnemar_cv": mcnemar(winner, right),
        "mcnemar_cv_cases": mcnemar_by_sequence(winner, right, study.groups),
    }
    if on_test is None:
        return figures | {"test": None, "mcnemar_test": None, "mcnemar_test_cases": None}
    right, best = (on_test > 0.5) == study.test.labels, (study.probabilities > 0.5) == study.test.labels
    return figures | {
        "test": right.mean(),
        "mcnemar_test": mcnemar(best, right),
        "mcnemar_test_cases": mcnemar_by_sequence(best, right, study.test_groups),
    }
