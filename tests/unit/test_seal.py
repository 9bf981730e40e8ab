"""The seal: every opening of the test set is counted, whoever else opens it at the same moment."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo.create import Plan, open_for_creation, prepare, register
from hpo.finalize.seal import open_test, openings
from hpo.session import Session, open_session
from model.configuration import TrainingSettings
from model.simulation import simulate
from storage.studies import StudyHandle


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Session]]:
    """Opens a study of sixty short genes, each time anew, as another process does."""
    storage, artifacts = f"sqlite:///{tmp_path}/hpo.db", str(tmp_path / "artifacts")
    plan = Plan(
        study="s",
        trials=1,
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


def test_openings_at_one_moment_are_all_counted(opened: Callable[[], Session]) -> None:
    together = threading.Barrier(3)

    class Meeting(StudyHandle):
        """Writes when the others are about to write too: whatever was to be read has been read by all of them."""

        def set(self, key: str, value: Any) -> None:
            together.wait(timeout=30)
            super().set(key, value)

    def open_with_the_others(session: Session) -> int:
        return len(open_test(replace(session, handle=Meeting(**vars(session.handle)))).sequences)

    sessions = [opened() for _ in range(together.parties)]
    with ThreadPoolExecutor(together.parties) as pool:
        assert set(pool.map(open_with_the_others, sessions)) == {sessions[0].contract.data.test.rows}
    assert len(openings(opened())) == 3


def test_openings_are_dated_and_those_of_earlier_versions_count(opened: Callable[[], Session]) -> None:
    session = opened()
    assert openings(session) == ()
    session.handle.set("hpo:test_openings", ["2026-01-02T10:00:00+00:00", "2026-01-01T10:00:00+00:00"])
    open_test(session)
    first, second, now = openings(session)
    assert (first, second) == ("2026-01-01T10:00:00+00:00", "2026-01-02T10:00:00+00:00")
    assert now.endswith("+00:00")
    assert now > second
