"""What is simulated: kinds of studies with their sizes and numbers, seeds, ancestors, fresh genes.

Sizes are like those of real use: where few genes are there, the final model is much better than the fold models, which
have seen four fifths of them, and no score of cross-validation can know by how much.

Seeds come in blocks of a thousand. A block has ancestors of its own, so studies of different blocks share nothing.
Block 0 is for trying things out, and what was tuned there proves nothing. The blocks that count are named in
docs/honesty.md, with the criteria; each is run once.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

from model.genes import Genes
from model.simulation import Simulated, simulate, simulate_relatives

FRESH = 100_000
NOISE = 0.06
FOLDS = 5
BLOCK = 1_000  #: seeds; block numbers stay below 9, so that no two seeds below are the same
ANCESTORS = 40  #: of a block before the third
MORE_ANCESTORS = 200  #: of a block since: studies of one ancestor resemble each other, and share its fresh genes


@dataclass(frozen=True)
class Kind:
    """A kind of simulated study."""

    name: str
    studies: int
    genes: int
    codons: int
    distinct_share: float  #: variants per gene: 1 is no duplicates, 0.25 is like the original's data


#: Until block 3, 600 and 200 of the linear ones.
KINDS = (
    Kind("linear", 1000, 1600, 300, 1.0),
    Kind("linear, duplicates", 1000, 4800, 300, 0.25),
    Kind("BiLSTM", 20, 2000, 60, 1.0),
)


def ancestor_of(seed: int) -> int:
    """The seed of a study's ancestor."""
    block, place = divmod(seed, BLOCK)
    return block * BLOCK + place % (ANCESTORS if block < 3 else MORE_ANCESTORS)


@cache
def family(ancestor: int, codons: int) -> Simulated:
    """An ancestor with its rule."""
    return simulate(40, codons, NOISE, seed=ancestor)


def study_genes(kind: Kind, seed: int) -> Simulated:
    """The genes of one study."""
    relative = family(ancestor_of(seed), kind.codons)
    return simulate_relatives(relative, kind.genes, NOISE, 20_000 + seed, kind.distinct_share)


@lru_cache(maxsize=1)
def fresh_genes(ancestor: int, codons: int) -> Genes:
    """Genes that no study has seen, each a variant of its own."""
    return simulate_relatives(family(ancestor, codons), FRESH, NOISE, 10_000 + ancestor, distinct_share=1.0).genes
