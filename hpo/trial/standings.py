"""How the trials of a study stand, read from their attributes: what the search decides by.

A trial that has ended changes no more and is read once; of one that has not, what was read is kept as long as its
attributes are the same. What a database holds may be anything: a fold whose record tells nothing counts by the trial's
accuracies, and one that tells these neither counts for nothing here (whoever trains the trial reads its artifacts).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from hpo.search.belief import TYPICAL_DISCORDANCE
from hpo.search.expected import expected_accuracies
from hpo.search.standing import Standing
from hpo.study.attributes import CHECKPOINT, FOLD_ACCURACIES, checkpoint_of, finished_folds, fold_accuracies
from hpo.study.fold_curves import MOST_EPOCHS, FoldCurves, fold_curves
from storage.trials.ledger import FOLD_PREFIX

_MOST_DIFFERING = 1.0


class Standings:
    """Reads and remembers the standings of one study.

    Args:
        folds: K.
        max_epochs: Of a fold.
        rows: Of all folds together.
    """

    def __init__(self, folds: int, max_epochs: int, rows: int) -> None:
        self._folds, self._epochs = folds, min(max_epochs, MOST_EPOCHS)
        self.rows = max(1, rows // folds)
        self._names = (*(f"{FOLD_PREFIX}{fold}" for fold in range(folds)), FOLD_ACCURACIES, CHECKPOINT)
        self._known: dict[int, tuple[list[object], Standing]] = {}
        #: [K] by trial: a bit for each row that was called right; None where that is not told.
        self._right: dict[int, list[int | None]] = {}

    def of(self, trial: FrozenTrial) -> Standing:
        """How a trial stands: of one that is RUNNING, its worker has all that is left in hand."""
        return self.read(trial.number, trial.user_attrs, trial.state)

    def read(self, number: int, attributes: Mapping[str, Any], state: TrialState, mine: bool = False) -> Standing:
        """How a trial stands.

        Args:
            number: The trial's.
            attributes: Its user attributes.
            state: As it stands there.
            mine: Whether it is RUNNING by the one who asks, who may take any of its folds.
        """
        seen = [state, *(attributes.get(name) for name in self._names)]
        before = self._known.get(number)
        if before is None or before[0] != seen:
            before = self._known[number] = (seen, self._read(number, attributes, state))
        at_work = range(self._folds) if state == TrialState.RUNNING and not mine else ()
        return replace(before[1], at_work=at_work) if at_work else before[1]

    def discordance(self, one: int, other: int, folds: int) -> float:
        """The share of rows on which one of two trials is right and the other wrong; see `hpo.search.belief`."""
        differing = 0
        for mine, theirs in zip(self._right[one][:folds], self._right[other][:folds], strict=True):
            if mine is None or theirs is None:
                return TYPICAL_DISCORDANCE
            differing += (mine ^ theirs).bit_count()
        return min(_MOST_DIFFERING, differing / (self.rows * folds)) if folds else TYPICAL_DISCORDANCE

    def _read(self, number: int, attributes: Mapping[str, Any], state: TrialState) -> Standing:
        count = len(finished_folds(attributes, self._folds))
        told = [fold_curves(attributes.get(f"{FOLD_PREFIX}{fold}")) for fold in range(count)]
        curves = np.full((self._folds, self._epochs), np.nan)
        losses = curves.copy()
        for fold, one in enumerate(told):
            if one is not None:
                _set(losses, fold, one.losses)
                _set(curves, fold, one.accuracies)
        accuracies = fold_accuracies(attributes)
        expected = self._expected(told, losses, curves, accuracies)
        finished = int(np.isfinite(np.diagonal(expected)).sum())
        self._right[number] = [None if one is None else one.right_rows for one in told]
        self._right[number] += [None] * (self._folds - count)
        whole = state == TrialState.COMPLETE and finished == self._folds == len(accuracies)
        return Standing(
            number=number,
            finished=finished,
            expected=expected,
            curves=curves,
            final=np.array(accuracies) if whole else None,
            under_way=self._under_way(attributes, count, curves),
            failed=state == TrialState.FAIL,
            given_up=state.is_finished() and not whole,
        )

    def _expected(
        self, told: list[FoldCurves | None], losses: np.ndarray, curves: np.ndarray, accuracies: tuple[float, ...]
    ) -> np.ndarray:
        """[K, K] row k - 1: what folds 0 to k - 1 let expect."""
        expected = np.full((self._folds, self._folds), np.nan)
        for count in range(1, len(told) + 1):
            if None not in told:
                expected[count - 1, :count] = expected_accuracies(losses[:count], curves[:count])
            elif len(accuracies) >= len(told):
                expected[count - 1, :count] = accuracies[:count]
        return expected

    def _under_way(self, attributes: Mapping[str, Any], fold: int, curves: np.ndarray) -> dict[int, int]:
        checkpoint = checkpoint_of(attributes)
        if checkpoint is None or checkpoint.fold != fold or fold >= self._folds or not checkpoint.accuracies:
            return {}
        _set(curves, fold, checkpoint.accuracies)
        return {fold: min(len(checkpoint.accuracies), self._epochs)}


def _set(table: np.ndarray, row: int, values: list[float]) -> None:
    # A record may tell of more epochs than the study allows.
    known = values[: table.shape[1]]
    table[row, : len(known)] = known
