"""What finished folds leave in their trial: their records, and what follows from all of its folds together."""

from collections.abc import Mapping
from typing import Any

from hpo.search.pruner import reported_value
from hpo.study.attributes import EPOCHS, FOLD_ACCURACIES
from hpo.study.contract import SearchSettings
from hpo.study.objective import FOLD_SCORES
from hpo.trial.common_epoch import ScoredCurves, accuracies_of, first_folds, scores_of
from hpo.trial.held_trial import HeldTrial
from model.epochs import choose_epoch
from storage.trials.ledger import FOLD_PREFIX


def record_folds(
    trial: HeldTrial,
    records: Mapping[int, Mapping[str, Any]],
    finished: Mapping[int, ScoredCurves],
    search: SearchSettings,
    **more: Any,
) -> None:
    """Writes folds that were finished, in one transaction.

    Args:
        trial: That is held.
        records: Of these folds, as they are to stand there.
        finished: Curves of all finished folds of the trial, these included.
        search: What trials are compared and pruned by.
        more: Further attributes, by name.

    Raises:
        LeaseLostError: We no longer hold the trial.
    """
    curves = first_folds(finished)
    attributes = {f"{FOLD_PREFIX}{fold}": dict(record) for fold, record in records.items()}
    told: dict[str, Any] = {FOLD_ACCURACIES: list(accuracies_of(curves)), EPOCHS: choose_epoch(curves)}
    if search.objective != "accuracy":
        told[FOLD_SCORES] = list(scores_of(curves))
    # As it was told when it was the last fold, where later ones are there already.
    steps = {fold: reported_value(search.pruner, scores_of(curves[: fold + 1])) for fold in records}
    trial.record({**attributes, **told, **more}, steps)
