"""Genes that have gaps: aligned by Biopython, each gap as far to the 3' end as the letters allow (HGVS).

Scores: match 1, mismatch -1, a gap -3 and -0.5 for each letter after its first; what the gene lacks of the ancestor's
beginning or end costs nothing. Only what lies between `anchors` is handed to the aligner, which is quadratic.
"""

import re
from functools import lru_cache
from typing import Any

from model.mutations.anchors import find_anchors
from model.mutations.scores import EXTEND, GAP, MATCH, MISMATCH, OPEN
from model.mutations.ungapped import Repeats

#: The ancestor's row and the gene's row, equally long, with gaps.
Rows = tuple[str, str]


def align(gene: str, ancestor: str, repeats: Repeats) -> Rows:
    """Aligns a gene with its ancestor.

    Args:
        gene: At least one letter.
        ancestor: At least one letter.
        repeats: Of the ancestor.

    Returns:
        Rows of the best score, its gaps pushed to the right.
    """
    pieces: list[Rows] = []
    at_gene = at_ancestor = 0
    for anchor in find_anchors(gene, ancestor, repeats):
        between = gene[at_gene : anchor.gene], ancestor[at_ancestor : anchor.ancestor]
        pieces.append(_align_piece(*between, left=not pieces, right=False))
        at_gene, at_ancestor = anchor.gene + anchor.size, anchor.ancestor + anchor.size
        pieces.append((gene[anchor.gene : at_gene],) * 2)
    pieces.append(_align_piece(gene[at_gene:], ancestor[at_ancestor:], left=not pieces, right=True))
    upper, lower = ("".join(row) for row in zip(*pieces, strict=True))
    return _pushed_right(upper, lower) if GAP in upper + lower else (upper, lower)


def _align_piece(gene: str, ancestor: str, left: bool, right: bool) -> Rows:
    """Aligns a piece; `left` and `right` say which of its ends is the gene's own, where deletions are free."""
    if not gene or not ancestor:
        return ancestor + GAP * len(gene), GAP * len(ancestor) + gene
    differing = sum(a != b for a, b in zip(gene, ancestor, strict=False))
    plain = ancestor, gene.ljust(len(ancestor), GAP)
    # Why so few mismatches need no aligner: see `ungapped`.
    if len(gene) == len(ancestor) and differing <= (1 if left or right else 3):
        return plain
    aligner = _aligner(left, right)
    laid = len(gene) == len(ancestor) or (right and len(gene) < len(ancestor))
    if laid and aligner.score(ancestor, gene) <= MATCH * (len(gene) - differing) + MISMATCH * differing:
        return plain
    best = aligner.align(ancestor, gene)[0]
    return best[0], best[1]


@lru_cache(maxsize=4)
def _aligner(left: bool, right: bool) -> Any:
    # Here and not above: Biopython loads its substitution matrices and file formats, and few genes need it.
    from Bio.Align import PairwiseAligner

    make: Any = PairwiseAligner  # Biopython's constructor is not typed
    aligner = make(mode="global", match_score=MATCH, mismatch_score=MISMATCH)
    aligner.open_gap_score, aligner.extend_gap_score = OPEN, EXTEND
    if left:
        aligner.open_left_deletion_score = aligner.extend_left_deletion_score = 0
    if right:
        aligner.open_right_deletion_score = aligner.extend_right_deletion_score = 0
    return aligner


def _pushed_right(ancestor: str, gene: str) -> Rows:
    """Moves each gap to the right while that leaves both sequences and the score as they are."""
    upper, lower = list(ancestor), list(gene)
    _push(upper, lower)
    begin = len(gene) - len(gene.lstrip(GAP))  # a late begin is no gap within the gene
    body_upper, body_lower = upper[begin:], lower[begin:]
    _push(body_lower, body_upper)
    return "".join(upper[:begin] + body_upper), "".join(lower[:begin] + body_lower)


def _push(gapped: list[str], other: list[str]) -> None:
    for run in reversed(list(re.finditer(f"{GAP}+", "".join(gapped)))):
        start, stop = run.span()
        while stop < len(gapped) and gapped[stop] != GAP and other[start] == other[stop]:
            gapped[start], gapped[stop] = gapped[stop], GAP
            start, stop = start + 1, stop + 1
