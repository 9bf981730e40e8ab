"""Which rows are the test set, and which fold each other row is in.

Rows of one group (identical sequences) stay on one side of every split, and every part gets its share of
both classes.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from model.alphabet import has_gaps, without_gaps
from model.choices import Duplicates
from model.encoding import Encoding, encode, is_mutation, whole_encoding
from model.errors import DataError
from model.genes import Genes


@dataclass(frozen=True, eq=False)
class Split:
    """A held-out test set and the folds of the rest.

    Attributes:
        test: [N], True for rows of the test set.
        fold: [N], 0 to K - 1, and -1 for rows of the test set.
    """

    test: NDArray[np.bool_]
    fold: NDArray[np.int64]


def group_ids(genes: Genes, encodings: tuple[Encoding, ...], genetic_code: int = 1) -> NDArray[np.int64]:
    """Number the groups of rows that are identical under any of the encodings: [N].

    Mutations are told from the whole sequence without its gaps, which is what is compared.
    """
    everyone = np.arange(len(genes))
    firsts = []
    bare = replace(genes, sequences=list(without_gaps(genes.sequences))) if has_gaps(genes.sequences) else genes
    compared = {(whole_encoding(one), is_mutation(one) and bare is not genes): None for one in encodings}
    for encoding, without in compared:
        rows = bare if without else genes
        _, first, inverse = np.unique(
            encode(rows, encoding, genetic_code).identities(), return_index=True, return_inverse=True
        )
        firsts.append(first[inverse])
    starts = np.tile(everyone, len(firsts))
    ends = np.concatenate(firsts) if firsts else starts
    size = len(genes)
    # Two encodings may each join other rows (ambiguity letters), so groups are what hangs together.
    links = coo_array((np.ones(len(starts), dtype=np.int8), (starts, ends)), shape=(size, size))
    _, groups = connected_components(links, directed=False)
    return np.asarray(groups, dtype=np.int64)


def split(
    labels: NDArray[np.bool_],
    groups: NDArray[np.int64],
    test_size: float,
    folds: int,
    seed: int,
    duplicates: Duplicates = "together",
) -> Split:
    """Hold out a test set and cut the rest into folds, both stratified; the same seed gives the same split.

    Args:
        labels: [N], True = resistant.
        groups: [N], rows with equal numbers are copies of one sequence.
        test_size: Share of rows for the test set, above 0 and below 1.
        folds: K, at least 2.
        seed: Decides which rows go where.
        duplicates: "together" keeps a group on one side of every split, "spread" ignores groups.

    Raises:
        DataError: A class is missing or too small, or one group is larger than a part may be.
    """
    _check_request(test_size, folds, duplicates)
    units = groups if duplicates == "together" else np.arange(len(labels))
    _check_classes(labels, units, folds, duplicates)
    _check_largest(units, test_size, folds)
    random = np.random.default_rng(seed)
    test = assign(labels, units, (test_size, 1 - test_size), random) == 0
    fold = np.full(len(labels), -1, dtype=np.int64)
    fold[~test] = assign(labels[~test], units[~test], (1 / folds,) * folds, random)
    _check_parts(labels, fold, folds)
    return Split(test=test, fold=fold)


def unseen(groups: NDArray[np.int64], test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tells which test rows have a sequence that no development row has.

    Args:
        groups: [N], as `group_ids` gives them for development and test rows together.
        test: [N], True for rows of the test set.

    Returns:
        One value for each test row, in order.
    """
    return ~np.isin(groups[test], groups[~test])


def assign(
    labels: NDArray[np.bool_],
    groups: NDArray[np.int64],
    shares: tuple[float, ...],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Puts whole groups into bins so that every bin gets its share of each class.

    The largest group comes first, and each goes where its classes lack most, relative to what the bin shall
    hold; the many small groups at the end even out what the large ones left.

    Args:
        labels: [N], True = resistant.
        groups: [N].
        shares: Share of each bin; they sum to 1.
        random: Orders groups of equal size, and chooses the bin of the first.

    Returns:
        The bin of each row: [N], from 0.
    """
    _, members = np.unique(groups, return_inverse=True)
    # Rows of each group as a part of its class: [G, 2]. All count for the commoner label: if the mix counted, one bin
    # would get the groups that contradict themselves less (1.4 points less label noise in a test set of a fifth).
    rows = np.bincount(members)
    _, first = np.unique(groups, return_index=True)
    share = np.bincount(members, weights=labels) / rows
    resistant = (share > 0.5) | ((share == 0.5) & labels[first])
    sizes = np.stack([rows * resistant, rows * ~resistant], axis=1).astype(np.float64)
    parts = sizes / np.maximum(sizes.sum(axis=0), 1)
    order = np.lexsort((random.permutation(len(sizes)), -sizes.sum(axis=1)))
    # The tiny head start decides ties: u ** (1 / share) is largest for bin b with probability share[b]
    # (Efraimidis and Spirakis 2006).
    head_start = 1 + 1e-9 * random.random(len(shares)) ** (1 / np.array(shares))
    chosen = np.empty(len(sizes), dtype=np.int64)
    chosen[order] = _fill(parts[order].tolist(), shares, head_start.tolist())
    return chosen[members]


def _fill(parts: list[list[float]], shares: tuple[float, ...], head_start: list[float]) -> list[int]:
    """Chooses a bin for each group in turn (plain floats: a loop over numpy scalars is ten times slower)."""
    # What each bin still lacks of each class, as a part of what it shall hold.
    lack = [[start, start] for start in head_start]
    bins = range(len(shares))
    chosen = []
    for resistant, susceptible in parts:
        scores = [resistant * r + susceptible * s for r, s in lack]
        best = max(bins, key=scores.__getitem__)
        chosen.append(best)
        lack[best][0] -= resistant / shares[best]
        lack[best][1] -= susceptible / shares[best]
    return chosen


def _check_request(test_size: float, folds: int, duplicates: str) -> None:
    if not 0 < test_size < 1:
        raise DataError(f"The test size {test_size} is not a share of the rows.", "Give --test-size 0.2.")
    if folds < 2:
        raise DataError(f"{folds} fold(s) cannot cross-validate.", "Give --folds 2 or more; 5 is usual.")
    if duplicates not in get_args(Duplicates):
        raise DataError(f"Duplicates {duplicates!r} is unknown.", "Allowed (--duplicates): together, spread.")


def _check_classes(labels: NDArray[np.bool_], units: NDArray[np.int64], folds: int, duplicates: Duplicates) -> None:
    if labels.all() or not labels.any():
        raise DataError(
            f"All {len(labels)} rows are {'resistant' if labels.any() else 'susceptible'}, none is "
            f"{'susceptible' if labels.any() else 'resistant'}; a classifier needs both classes.",
            "Add rows of the other class, or check the label column (--label-column).",
        )
    for name, rows in (("resistant", labels), ("susceptible", ~labels)):
        count = len(np.unique(units[rows]))
        if count <= folds:
            what = "different sequences" if duplicates == "together" else "rows"
            raise DataError(
                f"Only {count} {what} are {name}; {folds} folds and a test set need at least {folds + 1}.",
                "Add data" + (f", or give --folds {count - 1}." if count > 2 else "."),
            )


def _check_largest(units: NDArray[np.int64], test_size: float, folds: int) -> None:
    rows = len(units)
    largest = int(np.bincount(np.unique(units, return_inverse=True)[1]).max())
    development = (1 - test_size) * rows
    room = min(ceil(development / folds), ceil(test_size * rows))
    if largest > room:
        raise DataError(
            f"One sequence holds {largest} of {rows} rows ({largest / rows:.1%}); a fold or the test set has "
            f"room for {room}, so its copies cannot stay together.",
            "Pass --duplicates spread to let copies of a sequence fall on both sides; the report then also "
            "gives the test accuracy for sequences never seen in development.",
        )


def _check_parts(labels: NDArray[np.bool_], fold: NDArray[np.int64], folds: int) -> None:
    for part in range(-1, folds):
        here = labels[fold == part]
        if here.all() or not here.any():
            name = "the test set" if part < 0 else f"fold {part}"
            raise DataError(
                f"With copies of a sequence kept together, all {len(here)} rows of {name} would be of one class.",
                "Give fewer --folds, or pass --duplicates spread.",
            )
