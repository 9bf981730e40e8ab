"""Trials as they stand, made up from the accuracies of their folds."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from hpo.search.standing import Standing

FOLDS, EPOCHS = 5, 6


def standing(
    number: int,
    folds: Sequence[float],
    *,
    under_way: Mapping[int, Sequence[float]] | None = None,
    at_work: Collection[int] = (),
    failed: bool = False,
) -> Standing:
    """A trial whose folds had one accuracy after every epoch, but for those under way."""
    under_way = under_way or {}
    curves = np.full((FOLDS, EPOCHS), np.nan)
    for fold, accuracy in enumerate(folds):
        curves[fold] = accuracy
    for fold, accuracies in under_way.items():
        curves[fold, : len(accuracies)] = accuracies
    expected = np.full((FOLDS, FOLDS), np.nan)
    for count in range(1, len(folds) + 1):
        expected[count - 1, :count] = folds[:count]
    return Standing(
        number=number,
        finished=len(folds),
        expected=expected,
        curves=curves,
        final=np.array(folds) if len(folds) == FOLDS else None,
        under_way={fold: len(accuracies) for fold, accuracies in under_way.items()},
        at_work=at_work,
        failed=failed,
    )
