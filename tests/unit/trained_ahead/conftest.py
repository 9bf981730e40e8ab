"""A study of one trial, what one worker leaves of it, and something in the middle of a fold's training."""

from collections.abc import Callable

import pytest

import hpo.trial.fold_training
from helping import SPACE, Open, numbers, records
from model.configuration import TrainingSettings
from model.runtime import one_thread
from parking import work


@pytest.fixture
def open_again(make_study) -> Callable[..., Open]:
    """Makes a study of one trial whose folds end at different epochs."""

    def make(study: str = "s", **more) -> Open:
        training = TrainingSettings(max_epochs=9, patience=2, engine="stock")
        return make_study(study=study, trials=1, space=SPACE, original="skip", training=training, **more)

    return make


#: What one worker leaves, by the pruner: as long as this process lives, it is the same.
_alone: dict[str, tuple] = {}


@pytest.fixture
def alone(open_again) -> Callable[..., tuple]:
    """What one worker leaves of such a study: its trial's numbers, and the records of its folds."""

    def leaves(pruner: str = "none") -> tuple:
        if pruner not in _alone:
            opened = open_again("alone", pruner=pruner)()
            work(opened)
            _alone[pruner] = numbers(opened), records(opened)
        return _alone[pruner]

    return leaves


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture
def in_training(monkeypatch) -> Callable[[Callable[[], None]], None]:
    """Lets something happen in the middle of the next fold that is trained."""

    def put(happens: Callable[[], None]) -> None:
        real, waiting = hpo.trial.fold_training.train_fold, [happens]

        def train_fold(*arguments, on_epoch, **options):
            def then(*told) -> None:
                on_epoch(*told)
                if waiting:
                    waiting.pop()()

            return real(*arguments, on_epoch=then, **options)

        monkeypatch.setattr(hpo.trial.fold_training, "train_fold", train_fold)

    return put
