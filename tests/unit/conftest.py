"""What several unit tests need: a real study, small enough for a unit test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hpo.create import Plan, open_for_creation, prepare, register
from hpo.session import Session, open_session
from model.configuration import TrainingSettings
from model.simulation import simulate


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Session]]:
    """Opens a study of three trials, none begun, on sixty short genes, each time anew, as another process does."""
    storage, artifacts = f"sqlite:///{tmp_path}/hpo.db", str(tmp_path / "artifacts")
    plan = Plan(
        study="s",
        trials=3,
        source=tmp_path / "genes.csv",
        seed=0,
        folds=5,
        test_size=0.2,
        duplicates="together",
        space_file=None,
        sampler="random",
        startup_trials=10,
        pruner="none",
        training=TrainingSettings(),
        lease_timeout_s=60.0,
        retries=3,
    )
    contract = prepare(simulate(60, 12, 0.05, 3).genes, plan, open_for_creation(storage, artifacts))
    register(storage, contract, plan.trials).storage.close()
    with ExitStack() as sessions:

        def open_again() -> Session:
            session = open_session(storage, "s", artifacts)
            sessions.callback(session.storage.close)
            return session

        yield open_again
