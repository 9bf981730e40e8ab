"""A study is deleted with what it alone names, and with nothing that anybody else may name."""

import sqlite3
from contextlib import closing

import optuna
import pytest

from hpo.deleting import Terms, plan_study
from hpo.errors import ContractError, HpoError, UsageError
from hpo.trial.checkpoints import checkpoint_name
from storage.artifacts import NamedBlobs
from storage.artifacts.dashboard import attach
from storage.errors import StorageError
from storage.studies import study_names


def test_what_it_alone_names_goes_and_what_another_names_stays(beside, data_of) -> None:
    first, second = beside.make("first"), beside.make("second")
    assert data_of(first) == data_of(second)
    own, common = beside.put(first, b"own"), beside.put(first, b"common")
    assert beside.put(second, b"common") == common
    attach(first.storage, first.handle.study_id, first.artifacts, "plot.png", "image/png", b"plot")
    beside.age()
    plan = plan_study(beside.address("first"), Terms())
    assert (plan.trials, plan.folds, plan.shared, plan.young) == (1, 2, 3, 0)
    assert len(plan.artifacts) == 3  # own, the plot, and the plot's link
    assert own in beside.kept()  # a plan deletes nothing
    deleted = plan.run()
    assert (deleted.artifacts, deleted.left) == (3, 0)
    assert beside.kept() == data_of(second) | {common}
    assert study_names(second.storage) == ["second"]
    plan_study(beside.address("second"), Terms()).run()
    assert beside.kept() == set()


def test_what_was_stored_lately_stays_since_somebody_may_be_about_to_name_it(beside, data_of) -> None:
    study = beside.make("s")
    young = study.artifacts.put(b"young")
    trial = study.storage.get_all_trials(study.handle.study_id)[0]
    study.storage.set_trial_user_attr(trial._trial_id, "hpo:fold:0", {"artifact": young})
    plan = plan_study(beside.address("s"), Terms())
    assert (len(plan.artifacts), plan.young) == (2, 1)
    assert plan.run().left == 1
    assert beside.kept() == {young}


def test_who_stores_the_same_bytes_while_we_delete_keeps_them(beside, data_of) -> None:
    study = beside.make("s")
    sha256 = beside.put(study, b"fold")
    plan = plan_study(beside.address("s"), Terms())
    study.artifacts.put(b"fold")  # by a worker of another study, which has not named it yet
    plan.run()
    assert beside.kept() == {sha256}


def test_a_study_that_names_the_same_since_it_was_asked_about_keeps_it(beside, data_of) -> None:
    first = beside.make("first")
    plan = plan_study(beside.address("first"), Terms())
    second = beside.make("second")
    assert plan.run().artifacts == 0
    assert beside.kept() == data_of(first) == data_of(second)


def test_checkpoints_go_with_their_study_alone(beside) -> None:
    for study in (beside.make("first"), beside.make("second")):
        NamedBlobs(study.artifacts).write(checkpoint_name(study.contract, 0), b"state")
    second = checkpoint_name(study.contract, 0)
    beside.age()
    plan_study(beside.address("first"), Terms()).run()
    assert {name for name in beside.kept() if "-" in name} == {second.removeprefix("checkpoints/")}


def test_a_study_of_another_storage_in_the_same_place_is_asked_first(beside, data_of) -> None:
    first = beside.make("first")
    second = beside.make("second", storage="other")
    with pytest.raises(HpoError, match=r"1 other study: 'second' \(.*other\.db\)") as refused:
        plan_study(beside.address("first"), Terms())
    assert "--also" in refused.value.next_step
    assert "--gone" in refused.value.next_step
    own = beside.put(first, b"own")
    plan = plan_study(beside.address("first"), Terms(also=[beside.address(storage="other").storage]))
    assert plan.shared == 2
    plan.run()
    assert own not in beside.kept()
    assert beside.kept() == data_of(second)


def test_a_study_that_is_gone_is_named_by_its_note(beside) -> None:
    beside.make("first")
    beside.make("second", storage="other")
    (beside.folder / "other.db").unlink()
    with pytest.raises(HpoError) as refused:
        plan_study(beside.address("first"), Terms())
    gone = refused.value.next_step.split("--gone ")[1].rstrip(".")
    with pytest.raises(UsageError, match="--gone 0123"):
        plan_study(beside.address("first"), Terms(gone=["0123"]))
    plan_study(beside.address("first"), Terms(gone=[gone])).run()
    assert beside.kept() == set()


def test_a_place_from_before_notes_is_refused_until_somebody_answers_for_it(beside) -> None:
    beside.make("s")
    (beside.folder / "artifacts/named-by/all").unlink()
    with pytest.raises(HpoError, match="was in use before") as refused:
        plan_study(beside.address("s"), Terms())
    assert "--no-earlier-studies" in refused.value.next_step
    plan_study(beside.address("s"), Terms(no_earlier_studies=True)).run()
    assert beside.kept() == set()


def test_a_place_with_artifacts_in_it_never_begins_to_know_all(beside) -> None:
    (beside.folder / "artifacts/ab").mkdir(parents=True)
    (beside.folder / "artifacts/ab/some").touch()
    beside.make("s")
    with pytest.raises(HpoError, match="was in use before"):
        plan_study(beside.address("s"), Terms())


def test_the_study_alone_may_be_deleted_and_its_note_still_guards_what_it_named(beside, data_of) -> None:
    first = beside.make("first")
    names = data_of(first)
    with closing(sqlite3.connect(beside.folder / "hpo.db")) as database:
        database.execute(f"VACUUM INTO '{beside.folder / 'copy.db'}'")
    assert plan_study(beside.address("first"), Terms(), keep_artifacts=True).run().artifacts == 0
    assert beside.kept() == names
    assert study_names(first.storage) == []
    beside.make("second", genes=80)
    with pytest.raises(HpoError, match="1 other study: 'first'"):
        plan_study(beside.address("second"), Terms())
    plan_study(beside.address("second"), Terms(also=[beside.address(storage="copy").storage])).run()
    assert beside.kept() == names


def test_a_study_whose_contract_nobody_reads_is_deleted_and_of_one_that_stays_no_checkpoint_goes(beside) -> None:
    later, study = beside.make("later"), beside.make("s")
    checkpoints = [checkpoint_name(one.contract, 0) for one in (later, study)]
    for name in checkpoints:
        NamedBlobs(study.artifacts).write(name, b"state")
    beside.age()
    later.handle.set("hpo:contract", {**later.handle.attributes()["hpo:contract"], "format": 99})
    plan_study(beside.address("s"), Terms()).run()
    assert {name for name in beside.kept() if "-" in name} == {name.partition("/")[2] for name in checkpoints}
    plan_study(beside.address("later"), Terms()).run()
    assert study_names(study.storage) == []


def test_what_is_no_study_of_ours_is_not_deleted(beside) -> None:
    study = beside.make("s")
    storage = optuna.storages.get_storage(beside.address().storage)
    optuna.create_study(study_name="theirs", storage=storage, direction="minimize")
    storage.engine.dispose() if hasattr(storage, "engine") else storage._backend.engine.dispose()
    with pytest.raises(ContractError, match="another program"):
        plan_study(beside.address("theirs"), Terms())
    with pytest.raises(StorageError, match="no study 'none'"):
        plan_study(beside.address("none"), Terms())
    assert study_names(study.storage) == ["s", "theirs"]
