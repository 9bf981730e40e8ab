"""Cross-validation, test, their gap and the positions, computed again."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpo.search.seeds import derive
from model.batching import Examples
from model.encoding import Encoded
from model.network import BiLSTM
from model.prediction import predict
from model.ragged import Ragged
from model.training import train_final
from recomputed.formulas import accuracy_interval, corrected, measured, part_of
from recomputed.stored import Stored


def cross_validation(study: Stored) -> dict[str, Any]:
    accuracies = study.accuracies(study.winner)
    columns, seed = (study.winner, study.best), study.contract.seed
    again = corrected(study.correct, *columns, study.groups, accuracies.mean(), seed)
    return {
        "fold_accuracies": accuracies.tolist(),
        "mean": accuracies.mean(),
        "std": accuracies.std(ddof=1),
        "interval95": again["interval"],
        "corrected_mean": again["mean"],
        "naive_interval95": again["naive"],
        **measured(study.labels, study.out_of_fold(study.complete[study.winner])),
    }


def test_figures(study: Stored) -> dict[str, Any] | None:
    if study.test is None:
        return None
    labels, groups = study.test.labels, study.test_groups
    right = (study.probabilities > 0.5) == labels
    seen = np.isin(study.identical_test, study.identical_development)
    return {
        "accuracy": right.mean(),
        "interval95": accuracy_interval(right, groups),
        **measured(labels, study.probabilities),
        "unseen_sequences": part_of("never seen in development", right, ~seen, groups),
        "seen_sequences": part_of("also in development", right, seen, groups),
        "by_class": [
            part_of("resistant", right, labels, groups),
            part_of("susceptible", right, ~labels, groups),
        ],
        "by_length": by_length(study, right),
        **copies(study.identical_test, right),
    }


def by_length(study: Stored, right: np.ndarray) -> list[dict[str, Any] | None]:
    """In the ranges that the report chose, which hold every row once."""
    names = [part["name"] for part in study.result["test"]["by_length"]]
    lengths, parts = study.encoded(study.test).lengths, []
    for name in names:
        low, *high = (int(word) for word in name.split(" to "))
        parts.append((lengths >= low) & (lengths <= (high or [low])[0]))
    assert (np.sum(parts, axis=0) == 1).all()
    return [part_of(name, right, inside, study.test_groups) for name, inside in zip(names, parts, strict=True)]


def copies(identical: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    sequences = [right[identical == one] for one in np.unique(identical)]
    worst = max(sequences, key=lambda part: (~part).sum())
    return {
        "sequences": len(sequences),
        "accuracy_per_sequence": np.mean([part.mean() for part in sequences]),
        "worst_sequence": {"n": len(worst), "mistakes": int((~worst).sum())},
    }


def gaps(study: Stored) -> dict[str, Any]:
    """Of the naive mean and of the corrected one, with Newcombe's interval, from the figures of result.json."""
    cv, test = study.result["cv"], study.result["test"]
    if test is None:
        return {"gap": None, "gap_details": None}
    details = {
        "naive": gap(cv["mean"], cv["naive_interval95"], test),
        "corrected": gap(cv["corrected_mean"], cv["interval95"], test),
    }
    return {"gap": details["naive"]["difference"], "gap_details": details}


def gap(mean: float, interval: list[float], test: dict[str, Any]) -> dict[str, Any]:
    difference = mean - test["accuracy"]
    low = difference - math.hypot(mean - interval[0], test["interval95"][1] - test["accuracy"])
    high = difference + math.hypot(interval[1] - mean, test["accuracy"] - test["interval95"][0])
    return {"difference": difference, "interval95": [low, high], "more_than_noise": not low <= 0 <= high}


def positions(study: Stored) -> dict[str, Any]:
    """Up to 32 different sequences, changed at one place after another to the letters that the model's folder names."""
    genes = study.encoded(study.development if study.test is None else study.test)
    first = {tuple(tokens): row for row, tokens in reversed(list(enumerate(genes.tokens.padded().tolist())))}
    sample = np.random.default_rng(study.contract.seed).permutation(sorted(first.values()))[:32]
    moved = moves(study, study.model.networks, genes, sample)
    effect = effects(moved)
    order = sorted(range(len(effect)), key=lambda place: -effect[place])
    seed = derive(study.contract.seed, "shuffled labels")
    few = np.random.default_rng(seed).permutation(sorted(first.values()))[:8]
    noise = effects(moves(study, [network_of_noise(study, seed)], genes, few)).max()
    return {
        "encoding": study.model.config.encoding,
        "noise": noise,
        "top": [place + 1 for place in order[:10] if effect[place] > noise],
        "effect": effect.tolist(),
        "tried": [bool(changes_here) for changes_here in moved],
        "genes": len(sample),
        "mutants": sum(map(len, moved)),
    }


def moves(study: Stored, networks: Sequence[BiLSTM], genes: Encoded, sample: np.ndarray) -> list[list[float]]:
    """What each change of each place does to some rows, in size."""
    moved: list[list[float]] = [[] for _ in study.model.letters]

    def average(rows: Any) -> np.ndarray:
        return np.mean([predict(network, rows).astype(float) for network in networks], axis=0)

    for row in sample:
        places, mutants = changes(genes.tokens.padded()[row], genes.lengths[row], study.model.letters)
        lengths = np.full(len(mutants), genes.lengths[row])
        change = average(Rows(mutants, lengths)) - average(genes.subset(np.array([row])))
        for place, one in zip(places, change, strict=True):
            moved[place].append(abs(one))
    return moved


def effects(moved: list[list[float]]) -> np.ndarray:
    return np.array([np.mean(changes_here) if changes_here else 0.0 for changes_here in moved])


def network_of_noise(study: Stored, seed: int) -> BiLSTM:
    """One network of the chosen configuration, which learns the commoner labels of sequences dealt out anew."""
    rows = study.encoded(study.development)
    read = [tuple(tokens) for tokens in rows.tokens.padded().tolist()]
    labels_of: dict[tuple[int, ...], list[bool]] = {}
    for tokens, label in zip(read, study.labels, strict=True):
        labels_of.setdefault(tokens, []).append(bool(label))
    commoner = [2 * sum(labels) > len(labels) for labels in labels_of.values()]
    dealt = dict(zip(labels_of, np.random.default_rng(seed).permutation(commoner), strict=True))
    labels = np.array([dealt[tokens] for tokens in read])
    return train_final(
        study.model.config,
        study.contract.settings,
        Examples(rows.tokens, labels),
        vocabulary_size=rows.vocabulary_size,
        epochs=study.result["best_trial"]["epochs"],
        seed=seed,
    )[0]


def changes(tokens: np.ndarray, length: int, letters: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Three other letters at each place, the commonest first, fewer where there are fewer."""
    places, mutants = [], []
    for place in range(min(length, len(letters))):
        others = [letter for letter in letters[place] if letter > 0 and letter != tokens[place]]
        for letter in others[:3]:
            mutant = tokens.copy()
            mutant[place] = letter
            places.append(place)
            mutants.append(mutant)
    return places, np.array(mutants, dtype=tokens.dtype).reshape(-1, len(tokens))


class Rows:
    """Rows that a network can read."""

    def __init__(self, tokens: np.ndarray, lengths: np.ndarray) -> None:
        self.tokens = Ragged.of_padded(tokens, lengths)
