"""Genes that need no alignment: letter against letter is provably the best.

The proof. Laid on the ancestor letter by letter, a gene has one score; any other alignment leaves this diagonal
for one or more excursions, and each is judged alone. An excursion over k mismatches gains at most 2 for each (a
match, +1, instead of a mismatch, -1). The letters between them equal the ancestor's, and off the diagonal they are
laid on another part of the ancestor. That works only as far as the ancestor repeats itself: after its longest repeat
from there comes a break, a mismatch or a gap, which costs 2 or more. With B such breaks the gain is at most
2 k - 2 B, less what the excursion pays for leaving and coming back: 3 for a deletion, 4 for an insertion (its letter
is matched to nothing). A letter more in a gap costs 1.5 and hides at most one break for every two of them, begun ones
included, so that 0.5 may be saved there. Therefore an excursion

* within the gene, out by one gap and back by another, gains nothing while 2 (k - B) <= 3 + 4 - 0.5;
* from its start has the deletion for nothing and pays the insertion: 2 (k - B) <= 4 - 0.5;
* to its end pays a deletion, or an insertion: 2 (k - B) <= 3;
* from start to end pays nothing where the gene is shorter than the ancestor: k - B <= 0; where they are equally long
  an insertion makes up for the free deletion, and may itself be one of the breaks: 2 (k - B) <= 4 - 2.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Repeats longer than this count as endless, which only sends more genes to the aligner.
_LONGEST_REPEAT = 32
# Breaks counted in one stretch: more than any excursion's gain is worth.
_MOST_BREAKS = 8
#: Genes with more mismatches than this go to the aligner unseen.
MOST_MISMATCHES = 64


@dataclass(frozen=True, eq=False)
class Repeats:
    """How far each part of the ancestor is found elsewhere in it.

    Attributes:
        following: [n + 2], the first place behind the break that ends the longest repeat from here; n + 1 is none.
    """

    following: NDArray[np.int64]

    def breaks(self, start: NDArray[np.int64], stop: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """Counts the breaks that each stretch start:stop has at least when laid on another part of the ancestor.

        Args:
            start: [R], places in the ancestor.
            stop: [R], places in the ancestor, behind the stretch.
            most: Where to stop counting.
        """
        count = np.zeros_like(start)
        for _ in range(most):
            start = self.following[start]
            count += start <= stop
        return count


def find_repeats(ancestor: str) -> Repeats:
    """Finds how far each part of the ancestor is found elsewhere in it."""
    length = len(ancestor)
    # At least 1, so that a break comes at every second letter at most: a pair of letters in a gap costs 3.
    longest = np.ones(length + 2, dtype=np.int64)
    for size in range(1, _LONGEST_REPEAT + 1):
        words = [ancestor[at : at + size] for at in range(length - size + 1)]
        times = Counter(words)
        repeated = [at for at, word in enumerate(words) if times[word] > 1]
        longest[repeated] = size if size < _LONGEST_REPEAT else length
        if not repeated:
            break
    return Repeats(np.minimum(np.arange(length + 2) + longest + 1, length + 1))


def best_ungapped(differs: NDArray[np.bool_], lengths: NDArray[np.int64], repeats: Repeats) -> NDArray[np.bool_]:
    """Tells for which genes no alignment beats letter against letter.

    Args:
        differs: [N, n], where the gene's letter is not the ancestor's; False behind the gene's end.
        lengths: [N], letters of each gene, at most n.
        repeats: Of the ancestor.

    Returns:
        [N], True where it is proven. No gene with a frameshift is among them: its tail has 4 mismatches or more
        and a match for every two of them at most, so its k - B is at least 3.
    """
    counts = differs.sum(axis=1)
    few = counts <= MOST_MISMATCHES
    proven = np.zeros(len(counts), dtype=np.bool_)
    proven[few] = _gains_nothing(differs[few], counts[few], lengths[few], repeats)
    return proven


def _gains_nothing(
    differs: NDArray[np.bool_], counts: NDArray[np.int64], lengths: NDArray[np.int64], repeats: Repeats
) -> NDArray[np.bool_]:
    rows, places = np.nonzero(differs)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.zeros((len(counts), int(counts.max(initial=0))), dtype=np.int64)
    at[rows, rank] = places
    since = np.zeros(len(counts), dtype=np.int64)  # where the stretch of equal letters began
    # k - B of the best excursion that ends here, from anywhere and from the start; and the best ones seen.
    inner, left, best_inner, best_left = (np.zeros(len(counts), dtype=np.int64) for _ in range(4))
    for number in range(at.shape[1]):
        here = number < counts
        breaks = repeats.breaks(since, at[:, number], _MOST_BREAKS)
        inner = np.where(here, np.maximum(inner - breaks, 0) + 1, inner)
        left = np.where(here, left - breaks + 1, left)
        since = np.where(here, at[:, number] + 1, since)
        best_inner, best_left = np.maximum(best_inner, inner), np.maximum(best_left, left)
    after = repeats.breaks(since, lengths, _MOST_BREAKS)
    whole = np.where(lengths == differs.shape[1], 1, 0)
    return (best_inner <= 3) & (best_left <= 1) & (inner - after <= 1) & (left - after <= whole)
