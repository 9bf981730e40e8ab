"""What others may do to what a study holds: artifacts damaged or removed, records overwritten by garbage."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from optuna.trial import FrozenTrial
from sqlalchemy import Engine, create_engine, text

from hpo.study.attributes import (
    CHECKPOINT,
    CONFIGURATION,
    EPOCHS,
    FOLD_ACCURACIES,
    PARKED,
    TRAINING,
    finished_folds,
    fold_record,
)
from hpo.study.hints import hint_of
from hpo.study.opened import OpenedStudy
from storage.trials.lease import DEATHS, LEASE
from storage.trials.ledger import AHEAD_PREFIX, FOLD_PREFIX

_GARBAGE = ("{", "null", '"x"', '{"token": "x"}', "[[[[", "NaN", "1e999", "-1", "[1, 2, 3]", '{"fold": 0}')
_RECORDS = (LEASE, DEATHS, CONFIGURATION, EPOCHS, FOLD_ACCURACIES, CHECKPOINT, PARKED, TRAINING)
_OVERWRITE = text("UPDATE trial_user_attributes SET value_json = :value WHERE key = :key AND trial_id = :trial")


@dataclass
class Spoiler:
    """Spoils, and remembers what: a fold whose result is lost may be trained twice."""

    opened: OpenedStudy
    #: Of the database itself, which a proxy may stand before.
    database: str
    rng: random.Random
    #: Trial and fold.
    lost: set[tuple[int, int]] = field(default_factory=set)
    #: Trials with a record that was overwritten.
    overwritten: set[int] = field(default_factory=set)
    #: Names of artifacts that a lost record named.
    artifacts: set[str] = field(default_factory=set)

    def spoil_artifact(self) -> bool:
        """Damages or removes the result of a fold; False where there is none yet."""
        folds = self.opened.contract.splitting.folds
        trials = self._trials()
        at_work = [
            trial for trial in trials if not trial.state.is_finished() and finished_folds(trial.user_attrs, folds)
        ]
        found = [(trial.number, one) for trial in at_work or trials for one in finished_folds(trial.user_attrs, folds)]
        if not found:
            return False
        number, record = self.rng.choice(found)
        path = next(Path(self.opened.artifacts.location).rglob(record.artifact), None)
        if path is None:
            return False  # it is gone already
        content = path.read_bytes()
        match self.rng.choice(["remove", "cut", "change"]):
            case "remove":
                path.unlink()
            case "cut":
                path.write_bytes(content[: len(content) // 2])
            case _:
                place = self.rng.randrange(len(content))
                path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        self.lost.add((number, record.fold))
        return True

    def spoil_record(self) -> bool:
        """Overwrites an attribute of a trial that is not finished; False where there is none yet."""
        there = [
            (trial, name)
            for trial in self._trials()
            if not trial.state.is_finished()
            for name in trial.user_attrs
            if name in _RECORDS or name.startswith((FOLD_PREFIX, AHEAD_PREFIX))
        ]
        if not there:
            return False
        trial, name = self.rng.choice(there)
        if name.startswith(FOLD_PREFIX):
            fold = int(name.removeprefix(FOLD_PREFIX))
            self.lost.add((trial.number, fold))
            if (record := fold_record(trial.user_attrs, fold)) is not None:
                self.artifacts.add(record.artifact)
        if name.startswith(AHEAD_PREFIX):
            hint = hint_of(trial.user_attrs, int(name.removeprefix(AHEAD_PREFIX)))
            self.artifacts |= set() if hint is None or hint.artifact is None else {hint.artifact}
        self.overwritten.add(trial.number)
        engine = self._engine()
        with engine.begin() as connection:
            connection.execute(_OVERWRITE, {"value": self.rng.choice(_GARBAGE), "key": name, "trial": trial._trial_id})
        engine.dispose()
        return True

    def _trials(self) -> list[FrozenTrial]:
        return [
            trial
            for trial in self.opened.storage.get_all_trials(self.opened.handle.study_id)
            if trial.number < self.opened.budget
        ]

    def _engine(self) -> Engine:
        return create_engine(self.database.replace("postgresql://", "postgresql+psycopg://"))
