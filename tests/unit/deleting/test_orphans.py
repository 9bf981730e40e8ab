"""Artifacts that no study names go, and what may be named, was never hpo's, or was stored lately stays."""

import pytest

from hpo.deleting import Terms, plan_orphans
from hpo.errors import HpoError
from storage.artifacts.notes import read_notes


def test_what_a_study_left_that_was_deleted_in_the_dashboard_goes(beside, data_of) -> None:
    first, second = beside.make("first"), beside.make("second", genes=80)
    beside.put(first, b"fold")
    kept = beside.put(second, b"kept")
    beside.delete_in_the_dashboard("first")
    with pytest.raises(HpoError, match="1 other study: 'first'") as refused:
        plan_orphans(beside.address(), Terms())
    gone = refused.value.next_step.split("--gone ")[1].rstrip(".")
    young = second.artifacts.put(b"about to be named")
    (beside.folder / "artifacts/notes.txt").write_text("the user's own")
    plan = plan_orphans(beside.address(), Terms(gone=[gone]))
    assert (len(plan.artifacts), plan.young) == (3, 1)
    assert plan.run().artifacts == 3
    assert beside.kept() == data_of(second) | {kept, young, "notes.txt"}
    # The one that is gone is not asked about again.
    store = second.artifacts
    assert [note.study for note in read_notes(store, store.blobs.entries())] == ["second"]
    assert plan_orphans(beside.address(), Terms()).artifacts == []


def test_what_another_storage_names_stays(beside, data_of) -> None:
    beside.make("first")
    second = beside.make("second", storage="other", genes=80)
    beside.put(second, b"theirs")
    theirs = beside.kept()
    with pytest.raises(HpoError, match="1 other study: 'second'"):
        plan_orphans(beside.address(), Terms())
    plan = plan_orphans(beside.address(), Terms(also=[beside.address(storage="other").storage]))
    assert plan.artifacts == []
    assert plan.run().artifacts == 0
    assert beside.kept() == theirs


def test_a_place_that_holds_nothing_of_the_storage_is_refused(beside) -> None:
    beside.make("first")
    beside.delete_in_the_dashboard("first")
    left = beside.kept()
    note = next(path.name for path in beside.files() if len(path.name) == 32)
    with pytest.raises(HpoError, match="No study of this storage names anything"):
        plan_orphans(beside.address(), Terms(gone=[note]))
    assert beside.kept() == left


def test_a_study_of_another_program_keeps_what_it_attached(beside) -> None:
    study = beside.make("s")
    theirs = study.storage.create_new_study([study.handle.directions()[0]], "theirs")
    sha256 = study.artifacts.put(b"their file")
    study.artifacts.blobs.write("dashboard/abc-1", sha256.encode())
    beside.age()
    study.storage.set_study_system_attr(theirs, "artifacts:abc-1", "{}")
    assert plan_orphans(beside.address(), Terms()).artifacts == []
    study.storage.delete_study(theirs)
    assert {entry.name for entry in plan_orphans(beside.address(), Terms()).artifacts} == {
        "dashboard/abc-1",
        f"{sha256[:2]}/{sha256[2:4]}/{sha256}",
    }
