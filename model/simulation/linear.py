"""How far a linear model gets on simulated genes, however many it learns from."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model.encoding import encode
from model.genes import Genes
from model.simulation.simulating import Simulated, simulate_relatives

#: Fresh genes that it is measured with: half to learn from, a quarter to tune on, a quarter to judge by.
LINEAR_GENES = 20_000
_PENALTIES = (0.001, 0.03, 1.0)  # C of scikit-learn: small is strong


def linear_ceiling(simulated: Simulated, seed: int) -> float:
    """Measures the accuracy to expect of the best linear model of mutations, on genes of the same rule and noise.

    A logistic regression learns one weight for each position and amino acid that differ from the ancestor's, on fresh
    genes without noise, each mutated on its own. Penalty and threshold are tuned on other such genes, for the
    likeliest model need not be the most accurate; yet others judge it.

    Args:
        simulated: Where ancestor, rule and noise come from.
        seed: Decides the fresh genes; the same seed gives the same number.
    """
    fresh = simulate_relatives(simulated, LINEAR_GENES, 0.0, seed, distinct_share=1.0)
    features, truth = _mutations(fresh.genes, simulated.ancestor), fresh.truth
    learn, tune, judge = np.split(np.arange(LINEAR_GENES), [LINEAR_GENES // 2, LINEAR_GENES * 3 // 4])
    fits = []
    for penalty in _PENALTIES:
        scores = _scores(features, truth, learn, penalty)
        right = (scores > _best_threshold(scores[tune], truth[tune])) == truth
        fits.append((float(right[tune].mean()), float(right[judge].mean())))
    accuracy = max(fits)[1]
    return accuracy * simulated.ceiling + (1 - accuracy) * (1 - simulated.ceiling)


def _scores(
    features: sparse.csr_matrix, truth: NDArray[np.bool_], learn: NDArray[np.int64], penalty: float
) -> NDArray[np.float64]:
    """Fits a logistic regression on some rows and scores all: [N], high is resistant."""
    # Here and not above: scikit-learn takes a second to import, and few who simulate genes need it.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # A fit that stops at its hundredth step no longer gains accuracy: no news for the user. On so few rows, threads
    # only wait for each other.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=penalty, max_iter=100).fit(features[learn], truth[learn])
    return np.asarray(fitted.decision_function(features))


def _best_threshold(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Finds the score above which to call [N] genes resistant, so that most of them are called right."""
    order = np.argsort(scores)
    # How many more are right when the threshold is this score than when all are called resistant.
    gained = np.cumsum(np.where(truth[order], -1, 1))
    return float(scores[order[gained.argmax()]])


def _mutations(genes: Genes, ancestor: str) -> sparse.csr_matrix:
    """Makes one column per position and token, 1 where it is not the ancestor's; an end is a token, too."""
    encoded = encode(Genes([*genes.ids, "ancestor"], [*genes.sequences, ancestor], None, "dna"), "amino_acid")
    tokens = encoded.tokens.padded()
    rows, places = np.nonzero(tokens[:-1] != tokens[-1])
    columns = places * encoded.vocabulary_size + tokens[rows, places]
    shape = (len(genes), tokens.shape[1] * encoded.vocabulary_size)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
