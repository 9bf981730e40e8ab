"""Mutations: a gene as the list of its differences from an ancestor.

Genes that descend from one ancestor share nearly all their letters, so what tells them apart is short: a few
substitutions, a deletion, an early stop. `ancestor` finds the sequence that all are compared with, and says
whether the data have one at all; `kinds` is the vocabulary of a difference; `alignment` writes each gene as kinds
and places; `notation` names them in the words of the field (HGVS: p.Ser315Thr, c.76del).

Between them stand `ungapped`, which proves of most genes that they need no alignment, `anchors`, which proves it of
long stretches of the rest, `gapped`, which aligns what lies between these, and `columns`, which tells a frameshift from
single substitutions. `relation` says whether genes are relatives, `encoding` makes tokens, `changes` makes mutants. All
are pure functions on strings and arrays, without torch. Positions count from 0 inside and from 1 in names. DNA is
translated elsewhere (`model.translation`).
"""

from model.mutations.alignment import LONGEST as LONGEST_ANCESTOR
from model.mutations.ancestor import LARGEST_DIVERGENCE
from model.mutations.encoding import encode_mutations, letters_of, written
from model.mutations.relation import Relation, count_mutations, find_relation

__all__ = [
    "LARGEST_DIVERGENCE",
    "LONGEST_ANCESTOR",
    "Relation",
    "count_mutations",
    "encode_mutations",
    "find_relation",
    "letters_of",
    "written",
]
