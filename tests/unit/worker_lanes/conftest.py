"""A small study, something in the place of a fold's training, and no thread that outlives its test."""

from collections.abc import Callable, Iterator

import pytest

import hpo.trial.fold_training
from hpo.study.opened import OpenedStudy
from lanes_at_work import MakeStudy, Train, left_running, small


@pytest.fixture
def opened(make_study: MakeStudy) -> OpenedStudy:
    """A study of four trials of two folds of one epoch."""
    return small(make_study)()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert left_running() == []


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Train], Train]], None]:
    """Puts something in the place of the training of a fold; it is given the real one."""

    def put(around: Callable[[Train], Train]) -> None:
        monkeypatch.setattr(hpo.trial.fold_training, "train_fold", around(hpo.trial.fold_training.train_fold))

    return put
