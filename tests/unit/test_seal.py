"""The seal: every opening of the test set is counted, whoever else opens it at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from hpo.finalizing.seal import open_test, openings
from hpo.study.opened import OpenedStudy
from storage.studies import StudyHandle


def test_openings_at_one_moment_are_all_counted(opened: Callable[[], OpenedStudy]) -> None:
    together = threading.Barrier(3)

    class Meeting(StudyHandle):
        """Writes when the others are about to write too: whatever was to be read has been read by all of them."""

        def set(self, key: str, value: Any) -> None:
            together.wait(timeout=30)
            super().set(key, value)

    def open_with_the_others(opened: OpenedStudy) -> int:
        return len(open_test(replace(opened, handle=Meeting(**vars(opened.handle)))).sequences)

    sessions = [opened() for _ in range(together.parties)]
    with ThreadPoolExecutor(together.parties) as pool:
        assert set(pool.map(open_with_the_others, sessions)) == {sessions[0].contract.data.test.rows}
    assert len(openings(opened())) == 3


def test_openings_are_dated_and_those_of_earlier_versions_count(opened: Callable[[], OpenedStudy]) -> None:
    opened = opened()
    assert openings(opened) == ()
    opened.handle.set("hpo:test_openings", ["2026-01-02T10:00:00+00:00", "2026-01-01T10:00:00+00:00"])
    open_test(opened)
    first, second, now = openings(opened)
    assert (first, second) == ("2026-01-01T10:00:00+00:00", "2026-01-02T10:00:00+00:00")
    assert now.endswith("+00:00")
    assert now > second
