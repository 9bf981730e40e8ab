"""Looking after studies: the list, the report again, and everything as tables."""

import csv
import json

import optuna
import pyarrow.parquet
import pytest


@pytest.fixture(scope="module")
def answered(answered_study, tmp_path_factory):
    """An answered study, one that waits, and one of another program, in one storage."""
    hpo = answered_study(tmp_path_factory.mktemp("studies"))
    hpo.create("waiting", 3)
    optuna.create_study(study_name="another's", storage=f"sqlite:///{hpo.folder / 'hpo.db'}")
    return hpo


def test_studies_are_listed_with_their_state(answered) -> None:
    first, waiting, foreign = answered.json("studies")["studies"]
    assert (first["study"], first["state"], first["finished"], first["budget"]) == ("s", "answered", 2, 2)
    assert first["best_cv_accuracy"] == answered.json("status", "--study", "s")["best"]["cv_accuracy"]
    assert (waiting["state"], waiting["best_cv_accuracy"], waiting["genes"]) == ("open", None, 240)
    assert foreign["state"] == "unreadable"
    assert "another program" in foreign["reason"]
    lines = answered.ok("studies").splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["study", "state", "trials"],
        ["s", "answered", "2/2"],
        ["waiting", "open", "0/3"],
    ]
    assert lines[-1].startswith("another's: ")


def test_a_storage_without_studies_says_so(hpo) -> None:
    hpo.create("s", 1)
    optuna.delete_study(study_name="s", storage=f"sqlite:///{hpo.folder / 'hpo.db'}")
    done = hpo.run("studies")
    assert (done.returncode, done.stdout) == (0, "")
    assert "hpo create-study" in done.stderr


def test_the_report_is_written_again_and_nothing_is_opened(answered) -> None:
    result = json.loads((answered.folder / "report/result.json").read_text())
    assert answered.json("report", "--study", "s", "--output", "again") == result
    for name in ("report.html", "report.md", "model/config.json", "plots/cv_against_test.png"):
        assert (answered.folder / "again" / name).read_bytes() == (answered.folder / "report" / name).read_bytes()
    refused = answered.run("report", "--study", "waiting", "--output", "none")
    assert refused.returncode == 1
    assert "keeps no answer" in refused.stderr
    assert "hpo finalize --study waiting" in refused.stderr


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_trials_folds_and_curves_are_tables(answered, form: str) -> None:
    rows = answered.json("export", "--study", "s", "--output", form, "--format", form)["rows"]
    tables = {name: _read(answered.folder / form / f"{name}.{form}", form) for name in ("trials", "folds", "curves")}
    assert rows == {f"{name}.{form}": len(table) for name, table in tables.items()}
    assert [int(trial["trial"]) for trial in tables["trials"]] == [0, 1]
    assert {trial["state"] for trial in tables["trials"]} <= {"COMPLETE", "PRUNED"}
    assert tables["trials"][0]["encoding"] == "nucleotide"  # the original's
    result = json.loads((answered.folder / "report/result.json").read_text())
    number = result["best_trial"]["number"]
    accuracies = [float(fold["accuracy"]) for fold in tables["folds"] if int(fold["trial"]) == number]
    assert accuracies == pytest.approx(result["cv"]["fold_accuracies"])
    # An epoch of each fold for each point, and the chosen one has the fold's accuracy.
    epochs = [int(fold["epochs"]) for fold in tables["folds"]]
    assert sum(epochs) == len(tables["curves"])
    chosen = result["best_trial"]["epochs"]
    at_it = [
        float(point["validation_accuracy"])
        for point in tables["curves"]
        if int(point["trial"]) == number and int(point["epoch"]) == chosen
    ]
    assert at_it == pytest.approx(accuracies)
    refused = answered.run("export", "--study", "s", "--output", form, "--format", form)
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr
    answered.ok("export", "--study", "s", "--output", form, "--format", form, "--overwrite")


def test_two_studies_of_the_same_data_are_compared_row_by_row(answered) -> None:
    answered.create("short", 1, "--max-epochs", "1", "--original", "skip")
    answered.ok("worker", "--study", "short", "--workers", "1")
    found = answered.json("compare", "s", "short")
    accuracies = [answered.json("status", "--study", name)["best"]["cv_accuracy"] for name in ("s", "short")]
    assert [found["first"]["cv_accuracy"], found["second"]["cv_accuracy"]] == accuracies
    assert found["difference"] == pytest.approx(accuracies[0] - accuracies[1], abs=0.02)  # rows, not folds, count alike
    assert found["interval95"][0] <= found["difference"] <= found["interval95"][1]
    backwards = answered.json("compare", "short", "s")
    assert (backwards["difference"], backwards["p_value"]) == (-found["difference"], found["p_value"])
    assert answered.json("compare", "s", "s")["p_value"] == 1.0
    assert "cannot be told apart" in answered.ok("compare", "s", "s")
    answered.create("other", 1, "--seed", "1")
    refused = answered.run("compare", "s", "other")
    assert refused.returncode == 1
    assert "learn from other rows" in refused.stderr


def _read(path, form: str) -> list[dict]:
    if form == "csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    return pyarrow.parquet.read_table(path).to_pylist() if form == "parquet" else json.loads(path.read_text())
