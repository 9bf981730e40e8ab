"""What a user may get wrong: one clear message, the next step, exit code 1 or 2, no traceback."""

import os
import signal

import optuna

from hpo.study.address import StudyAddress
from hpo.study.opened import open_study
from loaded import runs_without
from processes import children_of, until

STUDY = ("--study", "s", "--trials", "4")


def complaint(hpo, *arguments: str) -> str:
    done = hpo.run(*arguments)
    assert done.returncode in (1, 2), (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "fault in hpo" not in done.stderr
    return done.stderr


def test_help_answers_without_torch_or_optuna() -> None:
    done = runs_without({"torch", "optuna", "sklearn", "sqlalchemy", "matplotlib", "pyarrow"}, "--help")
    assert "create-study" in done.stdout


def test_a_missing_file_is_named(hpo) -> None:
    assert "nowhere.csv" in complaint(hpo, "create-study", "nowhere.csv", *STUDY)


def test_a_wrong_column_is_answered_with_the_columns_there_are(hpo) -> None:
    message = complaint(hpo, "create-study", "genes.csv", *STUDY, "--label-column", "pheno")
    assert "pheno" in message
    assert "resistant" in message


def test_one_class_only(hpo) -> None:
    (hpo.folder / "one.csv").write_text("sequence,resistant\nATGAAA,1\nATGAAC,1\nATGAAG,1\n")
    assert "susceptible" in complaint(hpo, "create-study", "one.csv", *STUDY)


def test_fewer_rows_than_folds(hpo) -> None:
    (hpo.folder / "few.csv").write_text("sequence,resistant\nATGAAA,1\nATGCCC,0\nATGGGG,1\nATGGAT,0\n")
    assert "fold" in complaint(hpo, "create-study", "few.csv", *STUDY)


def test_a_letter_that_is_none_is_named_with_its_row(hpo) -> None:
    (hpo.folder / "odd.csv").write_text("sequence,resistant\nATGAAA,1\nATG!CC,0\n")
    message = complaint(hpo, "create-study", "odd.csv", *STUDY, "--alphabet", "dna")
    assert "in row 3 (" in message
    assert "!" in message


def test_a_hostile_pickle_runs_nothing_and_is_refused_by_name(hpo) -> None:
    payload = b"cos\nsystem\n(S'touch owned'\ntR."
    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n"
    (hpo.folder / "hostile.npy").write_bytes(header + payload)
    message = complaint(hpo, "create-study", "hostile.npy", *STUDY)
    assert "system" in message
    assert not (hpo.folder / "owned").exists()


def test_a_study_that_exists(hpo) -> None:
    hpo.create()
    message = complaint(hpo, "create-study", "genes.csv", *STUDY)
    assert "already" in message


def test_a_study_that_does_not_exist(hpo) -> None:
    hpo.create()
    for command in ("worker", "status", "finalize --output out", "extend --trials 9", "pause"):
        message = complaint(hpo, *command.split(), "--study", "other")
        assert "other" in message
        assert "--study" in message


def test_a_storage_that_is_not_there(hpo) -> None:
    message = complaint(hpo, "worker", "--storage", "sqlite:///nowhere.db")
    assert "create-study" in message
    assert not (hpo.folder / "nowhere.db").exists()


def test_a_storage_that_does_not_answer_shows_no_password(hpo) -> None:
    url = "postgresql://someone:sesame@127.0.0.1:9/db?password=mellon"
    message = complaint(hpo, "status", "--storage", url)
    assert "127.0.0.1" in message
    assert "sesame" not in message
    assert "mellon" not in message


def test_a_study_that_is_not_finished(hpo) -> None:
    hpo.create()
    message = complaint(hpo, "finalize", "--output", "report")
    assert "0 of 4" in message
    assert "hpo worker" in message


def test_a_budget_may_be_lowered_and_an_impossible_one_is_refused(hpo) -> None:
    hpo.create()
    assert "a budget of 3 trials" in hpo.ok("extend", "--trials", "3")
    refused = hpo.run("extend", "--trials", "5000000000")
    assert refused.returncode == 2
    assert "1000000000" in refused.stderr
    assert hpo.json("status")["budget"] == 3


def test_a_study_of_another_program_is_refused_before_the_data_are_read(hpo) -> None:
    theirs = optuna.create_study(storage=f"sqlite:///{hpo.folder}/hpo.db", study_name="s", direction="maximize")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    job = ("nowhere.csv", "--study", "s", "--trials", "4", "--output", "report")
    for command in (("run", *job), ("create-study", "genes.csv", *STUDY), ("status",), ("worker",)):
        message = complaint(hpo, *command)
        assert "made by another program" in message
        assert "another name" in message


def test_an_output_folder_with_anything_else_in_it_is_refused(hpo) -> None:
    job = ("run", "genes.csv", "--study", "s", "--trials", "4", "--output")
    assert "the one that you stand in" in complaint(hpo, *job, ".")
    (hpo.folder / "mine").mkdir()
    (hpo.folder / "mine" / "notes.txt").touch()
    message = complaint(hpo, *job, "mine")
    assert "hpo has not written" in message
    assert "notes.txt" in message


def test_a_space_with_a_mistake_is_refused_when_the_study_is_made(hpo) -> None:
    (hpo.folder / "bad.toml").write_text("units = 3\n")
    assert "units" in complaint(hpo, "create-study", "genes.csv", *STUDY, "--space", "bad.toml")
    assert "s" not in hpo.run("status").stdout


def test_the_precision_of_gpus_is_part_of_the_contract(hpo) -> None:
    job = ("genes.csv", "--study", "s", "--trials", "4")
    made = hpo.run("create-study", *job, "--precision", "bf16")
    assert made.returncode == 0, made.stderr
    message = complaint(hpo, "run", *job, "--precision", "tf32", "--output", "report")
    assert "--precision: bf16 in the study, tf32 here" in message


def test_other_data_under_the_same_name_are_refused(hpo) -> None:
    hpo.create("s", 4)
    other = ("run", "genes.csv", "--study", "s", "--trials", "4", "--seed", "9", "--output", "report")
    message = complaint(hpo, *other)
    assert "--seed: 0 in the study, 9 here" in message


def test_a_worker_with_other_versions_refuses_to_start(hpo) -> None:
    import json
    import sqlite3

    hpo.create()
    with sqlite3.connect(hpo.folder / "hpo.db") as database:
        (text,) = database.execute("select value_json from study_user_attributes where key = 'hpo:contract'").fetchone()
        contract = json.loads(text)
        contract["versions"]["torch"] = "1.0.0"
        database.execute(
            "update study_user_attributes set value_json = ? where key = 'hpo:contract'", (json.dumps(contract),)
        )
    message = complaint(hpo, "worker", "--workers", "1")
    assert "torch" in message
    assert "1.0.0" in message


def test_a_killed_child_s_trial_goes_on_at_once_with_the_same_numbers(hpo, background) -> None:
    hpo.create("undisturbed", 3, "--sampler", "random")
    hpo.ok("worker", "--study", "undisturbed", "--workers", "1")
    # The lease would last for an hour: it is the parent that gives the trial back.
    hpo.create("disturbed", 3, "--sampler", "random", "--lease-timeout", "3600")
    parent = background(hpo.start("worker", "--study", "disturbed", "--workers", "1"))
    until(lambda: hpo.json("status", "--study", "disturbed")["folds_trained"] > 1)
    (child,) = children_of(parent.pid)
    os.kill(child, signal.SIGKILL)
    _, talk = parent.communicate(timeout=120)
    assert parent.returncode == 0, talk
    assert "SIGKILL" in talk
    assert _accuracies(hpo, "disturbed") == _accuracies(hpo, "undisturbed")


def test_a_step_that_hangs_ends_its_trial_and_not_the_worker(hpo) -> None:
    # Every step takes longer than this, as a hung one does.
    hpo.create("s", 1, "--retries", "0")
    hpo.ok("worker", "--workers", "1", "--step-timeout", "0.001")
    assert hpo.json("status")["failed"] == 1
    (trial,) = _trials(hpo, "s")
    assert "hung" in trial.user_attrs["hpo:reason"]


def _trials(hpo, study: str):
    here = os.path.relpath(hpo.folder / "hpo.db")
    opened = open_study(StudyAddress(storage=f"sqlite:///{here}", study=study))
    return opened.storage.get_all_trials(opened.handle.study_id)


def _accuracies(hpo, study: str) -> list[list[float]]:
    return [trial.user_attrs.get("fold_accuracies") for trial in _trials(hpo, study)]
