"""Fast studies: choose among logistic regressions on positions that are hashed into buckets."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import config_context
from sklearn.linear_model import LogisticRegression

from honesty.plan import FOLDS, NOISE, Kind, ancestor_of, family, fresh_genes, study_genes
from honesty.records import as_record
from model.encoding import encode, encodings_for
from model.genes import Genes
from model.simulation import Simulated
from model.splitting import group_ids, split

CONFIGURATIONS, BUCKETS = 40, (60, 80, 100, 120)

Fitted = Callable[[sparse.csr_matrix], NDArray[np.bool_]]
Labelled = tuple[sparse.csr_matrix, NDArray[np.bool_]]


@config_context(skip_parameter_validation=True)  # the same settings in 206 small fits
def linear_study(kind: Kind, seed: int) -> dict[str, Any]:
    """Chooses the best of many by cross-validation, retrain it, and look up its accuracy on fresh genes."""
    made = study_genes(kind, seed)
    labels, features = made.genes.labels, mutations(made.genes, made)
    groups = group_ids(made.genes, encodings_for("dna"))
    parts = split(labels, groups, 0.2, FOLDS, seed)
    development, test = np.flatnonzero(~parts.test), np.flatnonzero(parts.test)
    fold = parts.fold[development]
    hashed = hashings(kind.codons - 1, seed)

    def fit(configuration: int, rows: NDArray[np.int64]) -> Fitted:
        hashing = hashed[configuration]
        model = LogisticRegression(solver="liblinear").fit(features[rows] @ hashing, labels[rows])
        return lambda genes: np.asarray(model.predict(genes @ hashing))

    correct = np.zeros((len(development), CONFIGURATIONS), dtype=np.bool_)
    for k in range(FOLDS):
        train, held_out = development[fold != k], development[fold == k]
        for configuration in range(CONFIGURATIONS):
            correct[fold == k, configuration] = fit(configuration, train)(features[held_out]) == labels[held_out]
    accuracies = np.mean([correct[fold == k].mean(axis=0) for k in range(FOLDS)], axis=0)
    winner = int(accuracies.argmax())
    final = fit(winner, development)
    fold_models = [fit(winner, development[fold != k]) for k in range(FOLDS)]
    right = final(features[test]) == labels[test]
    fresh, unmutated = fresh_mutations(ancestor_of(seed), kind.codons), float(np.mean(features.getnnz(axis=1) == 0))
    return {
        "truth": true_accuracy(final, fresh, unmutated),
        "fold_models_truth": float(np.mean([true_accuracy(model, fresh, unmutated) for model in fold_models])),
        **as_record(correct, winner, float(accuracies[winner]), groups[development], right, groups[test]),
    }


def true_accuracy(model: Fitted, fresh: Labelled, unmutated: float) -> float:
    """Accuracy on fresh genes and, by its share in the study, on the ancestor itself, which is none of them.

    With duplicates one gene in 27 is the ancestor, and easy.
    """
    features, labels = fresh
    called = bool(model(sparse.csr_matrix((1, features.shape[1])))[0])
    return unmutated * (NOISE if called else 1 - NOISE) + (1 - unmutated) * float(np.mean(model(features) == labels))


@lru_cache(maxsize=1)
def fresh_mutations(ancestor: int, codons: int) -> Labelled:
    """Features and labels of the fresh genes."""
    fresh = fresh_genes(ancestor, codons)
    return mutations(fresh, family(ancestor, codons)), fresh.labels


def mutations(genes: Genes, relative: Simulated) -> sparse.csr_matrix:
    """One column per position, 1 where the amino acid is not the ancestor's; the last column is an early stop."""
    encoded = encode(genes, "amino_acid")
    ancestor = encode(Genes(["ancestor"], [relative.ancestor], None, "dna"), "amino_acid").tokens.row(0)
    tokens = encoded.tokens.padded()[:, : len(ancestor)]
    rows, places = np.nonzero((tokens != ancestor[: tokens.shape[1]]) & (tokens != 0))
    short = np.flatnonzero(encoded.lengths < len(ancestor))
    at = (np.concatenate([rows, short]), np.concatenate([places, np.full(len(short), len(ancestor))]))
    return sparse.csr_matrix((np.ones(len(at[0])), at), shape=(len(tokens), len(ancestor) + 1))


def hashings(places: int, seed: int) -> list[sparse.csr_matrix]:
    """Throw the positions into buckets at random, a different way for each configuration; the early stop stays alone.

    Configurations with as many buckets have the same accuracy to expect, and err on different genes.
    """
    generator, made = np.random.default_rng(seed), []
    for configuration in range(CONFIGURATIONS):
        buckets = BUCKETS[configuration % len(BUCKETS)]
        to = np.append(generator.integers(0, buckets, places), buckets)
        made.append(sparse.csr_matrix((np.ones(len(to)), (np.arange(len(to)), to))))
    return made
