"""How far to go with a trial that is held, in a study that is pruned by P.

After a fold the study is looked at anew. Between two epochs P is asked with the other trials as they stood when the
fold began, or a minute ago: no storage is asked, and with one worker nothing depends on the clock, for nobody else
changes anything. A trial that is audited (`hpo.search.audit`) goes on to its end, whatever its chance.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, Protocol

from hpo.search.audit import Draw
from hpo.search.standing import Standing
from hpo.search.tasks import NextFold, choose_task
from hpo.stop_times import STORAGE_HURRY_S
from hpo.study.attributes import PARKED
from hpo.study.audits import AUDIT, as_stored, is_audited
from hpo.study.fold_curves import rounded
from hpo.trial.picture import Picture
from storage.errors import StorageError

#: Seconds between looks at the study within one fold.
LOOK_EVERY_S = 60.0


class Sight(Protocol):
    """What sees the study: `hpo.trial.scheduler`."""

    may_go_on: Callable[[], bool]

    def look(self, number: int, attributes: Mapping[str, Any], most_s: float | None = None) -> Picture | None:
        """How the study stands for who holds a trial; None where it is paused."""

    def standing(self, number: int, attributes: Mapping[str, Any]) -> Standing:
        """How a trial stands that is held."""

    def parks_for(self, picture: Picture) -> None:
        """Hears for what a trial is parked."""


class Guide:
    """Says how far to go with one trial.

    Args:
        sight: Of the study.
        number: The trial's.
        picture: As the study was seen when the trial was claimed.
        gives_up: Whether it was claimed to be ended.
        drawn: What was drawn for it when it was claimed.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        sight: Sight,
        number: int,
        picture: Picture,
        gives_up: bool = False,
        drawn: Draw | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gives_up, self._drawn = gives_up, drawn
        self._sight, self._number, self._clock = sight, number, clock
        self._picture, self._looked_at = picture, clock()

    def notes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """What is written to the trial when it is taken up.

        Args:
            attributes: The trial's own, as its worker knows them.
        """
        # It is no longer parked, whoever looks; what is given up says for good why.
        thaws = PARKED in attributes and not self.gives_up
        drawn = {} if self._drawn is None else {AUDIT: as_stored(self._drawn)}
        return {**({PARKED: None} if thaws else {}), **drawn}

    def after_fold(self, attributes: Mapping[str, Any]) -> Literal["on", "parked", "back"]:
        """Says what becomes of the trial: another fold, parked, or back, for no fold is to be begun now.

        Args:
            attributes: The trial's own, as its worker knows them.
        """
        picture = self._sight.look(self._number, attributes) if self._sight.may_go_on() else None
        if picture is None:
            return "back"
        self._picture, self._looked_at = picture, self._clock()
        if is_audited(attributes):
            return "on"
        task = choose_task(picture.progress)
        if isinstance(task, NextFold) and task.trial == self._number:
            return "on"
        if task is not None:
            self._sight.parks_for(picture)
        return "parked"

    def after_epoch(self, attributes: Mapping[str, Any], fold: int, accuracies: Sequence[float]) -> bool:
        """Says whether the fold at work should go on.

        Args:
            attributes: The trial's own, as its worker knows them.
            fold: At work.
            accuracies: Of its validation, after each epoch so far.
        """
        if is_audited(attributes):
            return True
        if self._clock() - self._looked_at >= LOOK_EVERY_S:
            self._look_again(attributes)
        trial = self._sight.standing(self._number, attributes)
        if fold != trial.finished or len(accuracies) > trial.curves.shape[1]:
            return True
        curves = trial.curves.copy()
        curves[fold, : len(accuracies)] = rounded(accuracies)
        now = replace(trial, curves=curves, under_way={fold: len(accuracies)})
        return not self._picture.progress.is_hopeless(now)

    def chance(self, attributes: Mapping[str, Any]) -> float:
        """P of the trial by its finished folds."""
        return self._picture.progress.chance_of(self._sight.standing(self._number, attributes))

    def _look_again(self, attributes: Mapping[str, Any]) -> None:
        # Where the storage is away, or the study paused, the fold goes on by what is known.
        with suppress(StorageError):
            self._picture = self._sight.look(self._number, attributes, STORAGE_HURRY_S) or self._picture
        self._looked_at = self._clock()
