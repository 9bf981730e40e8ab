"""Anchors: stretches of a gene whose place in the ancestor is proven before anything is aligned.

A first alignment with one gap at most is found by counting mismatches. It scores S, and no alignment scores more
than the shorter length L. One that never lays a letter of an equal stretch as the first one does pays 2 for each of
its B breaks (see `ungapped`), less 1 that its longer gaps may hide. So where 2 B - 1 > L - S, every alignment that is
as good as the first one meets it within the stretch; and as equal letters are the best that there is, the whole stretch
can be laid so. What lies between two such stretches is aligned on its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.mutations.scores import EXTEND, OPEN
from model.mutations.ungapped import Repeats

# More breaks than a long exact stretch of most genes has; a gene that would need more is aligned as a whole.
_MOST_NEEDED = 128


@dataclass(frozen=True)
class Anchor:
    """A stretch that gene and ancestor have in common.

    Attributes:
        gene: Where it begins in the gene, from 0.
        ancestor: Where it begins in the ancestor, from 0.
        size: Its letters.
    """

    gene: int
    ancestor: int
    size: int


def find_anchors(gene: str, ancestor: str, repeats: Repeats) -> list[Anchor]:
    """Finds the anchors of a gene, in order; there may be none.

    Args:
        gene: At least one letter.
        ancestor: At least one letter.
        repeats: Of the ancestor.
    """
    shorter, longer = sorted((_codes(gene), _codes(ancestor)), key=len)
    gap = len(longer) - len(shorter)
    before, behind = shorter == longer[: len(shorter)], shorter == longer[gap:]
    cut, score = _best_cut(before, behind, gap, free_ends=len(gene) < len(ancestor))
    needed = int((len(shorter) - score + 1) // 2 + 1)
    if needed > _MOST_NEEDED:
        return []
    first, second = _stretches(before[:cut]), _stretches(behind[cut:]) + cut
    starts, stops = np.concatenate([first, second], axis=1)
    shift = np.where(np.arange(len(starts)) < first.shape[1], 0, gap)
    in_gene, in_ancestor = (starts + shift, starts) if len(gene) > len(ancestor) else (starts, starts + shift)
    sizes = stops - starts
    enough = repeats.breaks(in_ancestor, in_ancestor + sizes, most=needed) >= needed
    found = np.stack([in_gene, in_ancestor, sizes], axis=1)[enough]
    return [Anchor(*stretch) for stretch in found.tolist()]


def _codes(sequence: str) -> NDArray[np.uint8]:
    return np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)


def _best_cut(before: NDArray[np.bool_], behind: NDArray[np.bool_], gap: int, free_ends: bool) -> tuple[int, float]:
    """Finds where one gap fits best: letters of the shorter sequence before it, and the score."""
    ahead = np.concatenate([[0], np.cumsum(2.0 * before - 1)])
    total = np.concatenate([[0], np.cumsum(2.0 * behind - 1)])
    scores = ahead + total[-1] - total
    cost = np.full(len(scores), OPEN + EXTEND * (gap - 1) if gap else 0.0)
    if free_ends:
        cost[[0, -1]] = 0
    cut = int(np.argmax(scores + cost))
    return cut, float((scores + cost)[cut])


def _stretches(equal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Finds the runs of True, empty ones between two neighbours included: [2, R], start and stop."""
    unequal = np.flatnonzero(~equal)
    return np.array([np.concatenate([[0], unequal + 1]), np.concatenate([unequal, [len(equal)]])])
