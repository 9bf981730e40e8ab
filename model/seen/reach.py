"""How far training genes reach: letters, lengths, mutations, and how strange the strangest of them is to the others.

Strange is a gene of whose words no other gene has many. Mutations alone would not tell: an unrelated gene is aligned as
one that begins late and goes on behind the end, which are two. The bounds are what the training genes themselves reach.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from model.encoder import Encoder
from model.encoding import Encoding, MutationEncoding, is_mutation
from model.genes import Genes
from model.mutations import count_mutations
from model.seen.words import possible, words_of


@dataclass(frozen=True, eq=False)
class Seen:
    """What the training genes were.

    Attributes:
        letters: That occur in them, in order of the alphabet.
        shortest: Letters of the shortest.
        longest: Letters of the longest.
        strangest: The largest share of words that one of them has and no other.
        words: [possible words] whether any of them has it.
        mutations: The most that any of them has; None where they are read whole.
    """

    letters: str
    shortest: int
    longest: int
    strangest: float
    words: NDArray[np.bool_]
    mutations: int | None = None


def describe(genes: Genes, encoder: Encoder, encoding: Encoding) -> Seen:
    """Describes training genes, at least one.

    Args:
        genes: All of them.
        encoder: With their ancestor, where they are read by mutations.
        encoding: By which the model reads them.
    """
    sequences = list(dict.fromkeys(genes.sequences))
    lengths = [len(sequence) for sequence in sequences]
    letters = "".join(sorted(set().union(*sequences)))
    found = [words_of(sequence, genes.alphabet) for sequence in sequences]
    times = np.zeros(possible(genes.alphabet), np.int64)
    for words in found:
        times[words] += 1
    alone = max((float((times[words] == 1).mean()) for words in found if len(words)), default=0.0)
    most = None
    if is_mutation(encoding):
        distinct = Genes(sequences, sequences, None, genes.alphabet)
        most = int(mutations_of(distinct, encoder, encoding).max())
    return Seen(letters, min(lengths), max(lengths), alone, times > 0, most)


def mutations_of(genes: Genes, encoder: Encoder, encoding: Encoding) -> NDArray[np.int64]:
    """Counts the mutations of each gene [N], for an encoding by mutations."""
    kind = cast(MutationEncoding, encoding)
    return count_mutations(genes, kind, encoder.genetic_code, encoder.ancestors[kind]).counts
