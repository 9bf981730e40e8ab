"""Which genes lie outside of what a model has seen, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.encoder import Encoder
from model.encoding import Encoding
from model.genes import Genes
from model.seen.reach import Seen, mutations_of
from model.seen.words import words_of

#: Share of words that no training gene has from which a gene is of another kind, where none of the training genes is.
_STRANGE = 0.9
#: The ways in which a gene is outside, for people.
SHORTER, LONGER, LETTERS = "shorter than any", "longer than any", "letters never seen"
MUTATIONS, FAR = "more mutations than any", "far from all"


@dataclass(frozen=True, eq=False)
class Judged:
    """New genes beside those of the training.

    Attributes:
        kinds: [N] in which ways each is outside; none where it is not.
        reasons: [N] the same for people, with the figures.
        strange: [N] whether it is no relative of the training genes at all.
    """

    kinds: Sequence[Sequence[str]]
    reasons: Sequence[Sequence[str]]
    strange: NDArray[np.bool_]

    @property
    def outside(self) -> int:
        """How many genes are outside."""
        return sum(map(bool, self.kinds))

    def told(self, row: int, kind: str) -> str:
        """Returns the reason of one kind that a gene has."""
        return self.reasons[row][self.kinds[row].index(kind)]

    def counts(self) -> Counter[str]:
        """Counts the genes by the ways in which they are outside."""
        return Counter(kind for kinds in self.kinds for kind in kinds)


def judge(seen: Seen, genes: Genes, encoder: Encoder, encoding: Encoding) -> Judged:
    """Judges new genes.

    Args:
        seen: What the training genes were.
        genes: N rows, cleaned by the rules of the training.
        encoder: Of the model.
        encoding: By which the model reads them.

    Raises:
        DataError: A gene is too long to be compared.
    """
    new = np.array([_new_words(seen.words, words_of(one, genes.alphabet)) for one in genes.sequences])
    found = [_shape(seen, one) | _distance(seen, float(share)) for one, share in zip(genes.sequences, new, strict=True)]
    if seen.mutations is not None:
        for ways, count in zip(found, mutations_of(genes, encoder, encoding).tolist(), strict=True):
            if count > seen.mutations:
                ways[MUTATIONS] = f"{MUTATIONS}: {count:,}, in training {seen.mutations:,} or fewer"
    strange = new > max(_STRANGE, seen.strangest)
    return Judged([tuple(ways) for ways in found], [tuple(ways.values()) for ways in found], strange)


def _shape(seen: Seen, sequence: str) -> dict[str, str]:
    found = {}
    if len(sequence) < seen.shortest:
        found[SHORTER] = f"{SHORTER}: {len(sequence):,} letters, in training {seen.shortest:,} or more"
    if len(sequence) > seen.longest:
        found[LONGER] = f"{LONGER}: {len(sequence):,} letters, in training {seen.longest:,} or fewer"
    if new := sorted(set(sequence) - set(seen.letters)):
        found[LETTERS] = f"{LETTERS}: {''.join(new)}"
    return found


def _distance(seen: Seen, new: float) -> dict[str, str]:
    if new <= seen.strangest:
        return {}
    return {FAR: f"{FAR}: {new:.0%} of its words were never seen, in training {seen.strangest:.0%} or fewer"}


def _new_words(known: NDArray[np.bool_], words: NDArray[np.int64]) -> float:
    """Returns the share of a gene's words that no training gene has; 0 where it has no word."""
    return float(1 - known[words].mean()) if len(words) else 0.0
