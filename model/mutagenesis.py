"""In-silico mutagenesis: which positions of a gene move the prediction.

Each position is changed to letters that other genes carry there, and the change of P(resistant) is measured; genes that
are given by their mutations get those that others carry, and lose their own. A position where all genes agree is left
alone: the data say nothing about it, and a network's answer would be a guess. Labels are neither needed nor taken.
Changes of two positions at once are not tried, nor insertions and deletions in whole sequences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.encoding import Encoded
from model.mutations.changes import Changed, changed_mutations, common_mutations
from model.network import BiLSTM
from model.prediction import predict
from model.ragged import Ragged

#: Letters that are tried at a position, the commonest first.
SUBSTITUTIONS = 3
#: Genes that are mutated at most, and tokens that are read at most: about a minute of one core at hidden size 64.
MAX_GENES = 32
MAX_TOKENS = 8_000_000
#: With fewer genes than this an average would say little.
MIN_GENES = 4
_FIRST_LETTER = 2  # PAD and UNKNOWN come before


@dataclass(frozen=True, eq=False)
class Mutagenesis:
    """What changing each position did.

    Attributes:
        effect: [T], mean absolute change of P(resistant); 0 where nothing was tried.
        tried: [T], whether any gene was changed there.
        commonest: [T], letter that is commonest there among the sequences whose letters were tried; 0 is none, or the
            ancestor's where genes are given by their mutations.
        genes: How many different sequences were changed.
        mutants: How many changed sequences were read.
    """

    effect: NDArray[np.float64]
    tried: NDArray[np.bool_]
    commonest: NDArray[np.uint8]
    genes: int
    mutants: int


@dataclass(frozen=True, eq=False)
class Changes:
    """One gene, one letter changed at a time.

    Attributes:
        places: [M], position from 0.
        before: [M], the letter that the gene has there; 0 is the ancestor's.
        letters: [M], the letter that was put there; likewise.
        change: [M], P(resistant) with the change minus P(resistant) without.
    """

    places: NDArray[np.int64]
    before: NDArray[np.uint8]
    letters: NDArray[np.uint8]
    change: NDArray[np.float32]


def mutate_positions(
    networks: BiLSTM | Sequence[BiLSTM],
    genes: Encoded,
    letters: NDArray[np.uint8],
    seed: int,
    device: str = "cpu",
) -> Mutagenesis | None:
    """Changes the genes position by position.

    Args:
        networks: One network, or several whose probabilities are averaged.
        genes: Sequences to sample from; equal ones count once.
        letters: [T, 1 + SUBSTITUTIONS], from `common_letters` of the training rows.
        seed: Of the sample.
        device: As `runtime.resolve_device` takes it.

    Returns:
        The effects, or None where the sequences are too long or too few for a fair sample.
    """
    _, first = np.unique(genes.identities(), return_index=True)
    sample = _affordable(np.random.default_rng(seed).permutation(first), genes, letters)
    if len(sample) < MIN_GENES:
        return None
    total, count = np.zeros(len(letters)), np.zeros(len(letters))
    for row in sample:
        found = change_letters(networks, genes, int(row), letters, device)
        np.add.at(total, found.places, np.abs(found.change))
        np.add.at(count, found.places, 1)
    return Mutagenesis(total / np.maximum(count, 1), count > 0, letters[:, 0], len(sample), int(count.sum()))


def change_letters(
    networks: BiLSTM | Sequence[BiLSTM], genes: Encoded, row: int, letters: NDArray[np.uint8], device: str = "cpu"
) -> Changes:
    """Changes one gene, one letter at a time, to those that are common there.

    Args:
        networks: One network, or several whose probabilities are averaged.
        genes: Encoded as the networks' training rows were.
        row: Which of them.
        letters: [T, 1 + SUBSTITUTIONS], from `common_letters` of the training rows.
        device: As `runtime.resolve_device` takes it.
    """
    found = _changed(genes, row, letters) if genes.positions is None else changed_mutations(genes, row, letters)
    change = predict(networks, found.genes, device) - predict(networks, genes.subset(np.array([row])), device)
    return Changes(found.places, found.before, found.letters, change)


def common_letters(seen: Encoded) -> NDArray[np.uint8]:
    """Finds the letters that are worth trying.

    Args:
        seen: The training rows; equal ones count once.

    Returns:
        [T, 1 + SUBSTITUTIONS], the commonest letters at each position, the commonest first; 0 is none. Of mutations
        [P, 1 + SUBSTITUTIONS]: 0 for the ancestor's letter, then the commonest mutations.
    """
    _, first = np.unique(seen.identities(), return_index=True)
    tokens = seen.tokens.subset(first)
    if seen.positions is not None:
        return common_mutations(tokens, seen.vocabulary_size, seen.positions, SUBSTITUTIONS)
    parts = [np.zeros((0, 1 + SUBSTITUTIONS), dtype=np.uint8)]
    for counts in tokens.counts(seen.vocabulary_size):
        counts[:, :_FIRST_LETTER] = 0
        commonest = np.argsort(-counts, axis=1, kind="stable")[:, : 1 + SUBSTITUTIONS]
        found = np.take_along_axis(counts, commonest, axis=1) > 0
        parts.append(np.where(found, commonest, 0).astype(np.uint8))
    return np.concatenate(parts)


def _affordable(rows: NDArray[np.int64], genes: Encoded, letters: NDArray[np.uint8]) -> NDArray[np.int64]:
    """As many of the rows, in their order, as the limits allow."""
    tries = np.cumsum(np.maximum((letters > 0).sum(axis=1) - 1, 0))
    reach = np.minimum(genes.lengths[rows], len(letters)) if genes.positions is None else len(letters)
    cost = np.cumsum(tries[reach - 1] * genes.lengths[rows])
    return rows[(cost <= MAX_TOKENS)][:MAX_GENES]


def _changed(genes: Encoded, row: int, letters: NDArray[np.uint8]) -> Changed:
    """All single changes of one whole sequence."""
    tokens = genes.tokens.row(row)
    reach = min(len(tokens), len(letters))
    new = (letters[:reach] > 0) & (letters[:reach] != tokens[:reach, None])
    new &= np.cumsum(new, axis=1) <= SUBSTITUTIONS
    places, column = np.nonzero(new)
    mutants = np.repeat(tokens[None, :], len(places), axis=0)
    mutants[np.arange(len(places)), places] = letters[places, column]
    lengths = np.full(len(places), len(tokens), dtype=np.int64)
    changed = replace(genes, tokens=Ragged(mutants.ravel(), lengths, genes.tokens.width))
    return Changed(changed, places, tokens[places].astype(np.uint8), letters[places, column])
