"""What finished folds leave in their trial: their records, and what follows from all of its folds together."""

from collections.abc import Mapping
from typing import Any

from hpo.search.pruner import reported_value
from hpo.study.attributes import EPOCHS, FOLD_ACCURACIES
from hpo.trial.common_epoch import accuracies_of, first_folds
from hpo.trial.held_trial import HeldTrial
from model.epochs import Curves, choose_epoch
from storage.trials.ledger import FOLD_PREFIX


def record_folds(
    trial: HeldTrial, records: Mapping[int, Mapping[str, Any]], finished: Mapping[int, Curves], pruner: str, **more: Any
) -> None:
    """Writes folds that were finished, in one transaction.

    Args:
        trial: That is held.
        records: Of these folds, as they are to stand there.
        finished: Curves of all finished folds of the trial, these included.
        pruner: As `--pruner` has it.
        more: Further attributes, by name.

    Raises:
        LeaseLostError: We no longer hold the trial.
    """
    curves = first_folds(finished)
    attributes = {f"{FOLD_PREFIX}{fold}": dict(record) for fold, record in records.items()}
    told = {FOLD_ACCURACIES: list(accuracies_of(curves)), EPOCHS: choose_epoch(curves)}
    # As it was told when it was the last fold, where later ones are there already.
    steps = {fold: reported_value(pruner, accuracies_of(curves[: fold + 1])) for fold in records}
    trial.record({**attributes, **told, **more}, steps)
