"""The whole job, as a user types it."""

import csv
import hashlib
import json
import os
import re

import pytest

from hpo.finalizing.seal import openings
from hpo.study.address import StudyAddress
from hpo.study.opened import open_study
from storage.artifacts.dashboard import DashboardArtifacts, attached

SPACE = 'encoding = "amino_acid"\nembedding_size = 16\nhidden_size = 16\nlayers = 1\nbatch_size = [64, 96]\n'
RUN = ("run", "genes.csv", "--study", "s", "--trials", "6", "--workers", "2", "--space", "space.toml")
RUN = (*RUN, "--max-epochs", "4", "--original", "all", "--ensemble", "2", "--output", "report")


@pytest.fixture(scope="module")
def ran(workplace, tmp_path_factory):
    """The whole job done, and what that said."""
    hpo = workplace(tmp_path_factory.mktemp("answered"))
    done = hpo.run(*RUN, "--json")
    assert done.returncode == 0, done.stderr
    return hpo, done


@pytest.fixture(scope="module")
def answered(ran):
    """The whole job done, for tests that look at what it left."""
    return ran[0]


def test_run_answers_once_and_says_so_when_run_again(ran) -> None:
    hpo, done = ran
    # Before the first fold: what a try of two seconds allows to say.
    assert re.search(r"Searching: 6 trials, (about .* to|less than) .* by a first try; the workers' log", done.stderr)
    # In a log there is no live bar, but a line whenever trials have finished.
    assert "6 of 6 trials finished" in done.stderr
    assert "best CV" in done.stderr
    result = json.loads(done.stdout)
    _check_keys(result)
    assert result == json.loads((hpo.folder / "report/result.json").read_text())
    assert result["trials"]["complete"] + result["trials"]["pruned"] + result["trials"]["failed"] == 6
    for name in ("report.html", "report.md", "model/config.json"):
        assert (hpo.folder / "report" / name).stat().st_size > 0
    assert len(list((hpo.folder / "report/plots").glob("*.png"))) >= 6
    card = (hpo.folder / "report/model/README.md").read_text()
    assert result["data"]["fingerprint"] in card
    assert "Not for decisions about patients" in card
    assert f"| Test | {100 * result['test']['accuracy']:.1f}" in card
    assert "another gene or drug gets an answer that means nothing" in card

    assert "Next" not in hpo.ok("status")
    assert "answered on" in hpo.ok("status")

    # What is done is done: nothing is trained or opened again, and what was removed is written from what is stored.
    before = {path: path.read_bytes() for path in (hpo.folder / "report").rglob("*.*")}
    (hpo.folder / "report/model/config.json").unlink()
    (hpo.folder / "report/report.html").unlink()
    again = hpo.run(*RUN, "--json")
    assert "Study 's' is done: it was answered on" in again.stderr
    assert "Searching" not in again.stderr
    assert json.loads(again.stdout) == result
    assert {path: path.read_bytes() for path in (hpo.folder / "report").rglob("*.*")} == before
    assert len(openings(_session(hpo, "s"))) == 1


def test_predict_takes_what_create_study_takes(answered) -> None:
    hpo = answered
    hpo.ok("predict", "report/model", "genes.csv", "--output", "predictions.csv")
    with (hpo.folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (hpo.folder / "genes.csv").open() as file:
        genes = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [gene["id"] for gene in genes]
    assert all(0 <= float(row["probability_resistant"]) <= 1 for row in rows)
    # Unlabelled FASTA gives the same predictions.
    fasta = "".join(f">{gene['id']}\n{gene['sequence']}\n" for gene in genes)
    (hpo.folder / "new.fasta").write_text(fasta)
    assert hpo.ok("predict", "report/model", "new.fasta") == (hpo.folder / "predictions.csv").read_text()
    # Another alphabet than the model's is a mistake that is told as one.
    refused = hpo.run("predict", "report/model", "new.fasta", "--alphabet", "protein")
    assert refused.returncode == 2
    assert "reads dna" in refused.stderr
    # So is an output that cannot be written.
    refused = hpo.run("predict", "report/model", "new.fasta", "--output", "nowhere/p.csv")
    assert refused.returncode == 1
    assert "--output" in refused.stderr


def test_two_workers_finish_exactly_the_trials_asked_for(hpo) -> None:
    hpo.create("s", 7)
    hpo.ok("worker", "--workers", "2")
    status = hpo.json("status")
    assert (status["state"], status["budget"]) == ("done", 7)
    assert status["complete"] + status["pruned"] + status["failed"] == 7
    assert status["running"] == status["waiting"] == 0
    assert status["failed"] == 0


def test_the_same_study_twice_gives_the_same_numbers_fold_by_fold(hpo) -> None:
    for study in ("one", "two"):
        hpo.create(study, 6, "--startup-trials", "3", "--seed", "5")
        hpo.ok("worker", "--study", study, "--workers", "1")
    assert _folds(hpo, "one") == _folds(hpo, "two")


def test_hopeless_trials_are_pruned_and_their_folds_saved(hpo) -> None:
    (hpo.folder / "hopeless.toml").write_text(SPACE + "learning_rate = [1e-6, 2e-2]\n")
    options = ("--space", "hopeless.toml", "--sampler", "random", "--max-epochs", "8", "--original", "skip")
    hpo.ok("create-study", "genes.csv", "--study", "s", "--trials", "14", *options)
    hpo.ok("worker", "--workers", "1")
    status = hpo.json("status")
    assert status["pruned"] > 0
    assert status["folds_saved"] > 0
    assert status["folds_trained"] + status["folds_saved"] == 14 * 5


def test_extend_adds_exactly_what_was_asked_for(hpo) -> None:
    hpo.create("s", 2)
    hpo.ok("worker", "--workers", "1")
    hpo.ok("pause")
    assert "hpo resume" in hpo.ok("extend", "--trials", "4")
    hpo.ok("resume")
    assert "hpo worker" in hpo.ok("extend", "--trials", "5")
    assert hpo.json("status")["state"] == "open"
    hpo.ok("worker", "--workers", "2")
    status = hpo.json("status")
    assert status["complete"] + status["pruned"] == 5


def test_a_sealed_test_set_stays_sealed(hpo) -> None:
    hpo.create("s", 2)
    sealed = _contract(hpo, "s").data.test.artifact
    hpo.folder.joinpath("hpo-artifacts", sealed[:2], sealed[2:4], sealed).unlink()
    # Workers and a report without the test never need what is gone.
    hpo.ok("worker", "--workers", "1")
    result = hpo.json("finalize", "--no-test", "--output", "report")
    assert result["test"] is None
    assert result["test_openings"] == 0
    failed = hpo.run("finalize", "--output", "report")
    assert failed.returncode == 1
    assert "artifact" in failed.stderr


def test_the_dashboard_s_note_and_the_whole_answer_are_published(answered) -> None:
    hpo = answered
    opened = _session(hpo, "s")
    study_id = opened.handle.study_id
    attributes = opened.storage.get_study_system_attrs(study_id)
    note = "".join(str(value) for name, value in attributes.items() if name.startswith("dashboard:note_str"))
    assert "accuracy" in note
    shown = DashboardArtifacts(opened.artifacts)
    published = {name: shown.open_reader(key).read() for key, name in attached(opened.storage, study_id).items()}
    report = hpo.folder / "report"
    written = {path.name: path.read_bytes() for path in report.rglob("*.*") if path.name != "workers.log"}
    assert {"report.html", "report.md", "result.json", "config.json", "weights-1.safetensors"} <= written.keys()
    assert published == written
    # What is shown is content-addressed like data and folds.
    assert all(opened.artifacts.exists(hashlib.sha256(data).hexdigest()) for data in published.values())


def _check_keys(result: dict) -> None:
    """The keys that design.md promises."""
    assert {"number", "params"} <= result["best_trial"].keys()
    assert {"fold_accuracies", "mean", "std", "interval95", "corrected_mean"} <= result["cv"].keys()
    assert len(result["cv"]["fold_accuracies"]) == 5
    assert {"accuracy", "interval95", "loss", "n", "confusion"} <= result["test"].keys()
    assert result["gap"] == result["cv"]["mean"] - result["test"]["accuracy"]
    assert {"majority", "logistic_regression", "original_configuration"} <= result["baselines"].keys()
    assert {"cv", "test"} <= result["baselines"]["logistic_regression"].keys()
    assert {"complete", "pruned", "failed", "budget"} <= result["trials"].keys()
    assert {"fingerprint", "development", "test"} <= result["data"].keys()
    assert {"study", "folds_trained", "test_openings"} <= result.keys()


def _session(hpo, study: str):
    here = os.path.relpath(hpo.folder / "hpo.db")
    return open_study(StudyAddress(storage=f"sqlite:///{here}", study=study))


def _contract(hpo, study: str):
    return _session(hpo, study).contract


def _folds(hpo, study: str) -> list[tuple[object, ...]]:
    opened = _session(hpo, study)
    trials = opened.storage.get_all_trials(opened.handle.study_id)
    return [
        (trial.number, trial.state, trial.params, trial.user_attrs.get("fold_accuracies"), trial.intermediate_values)
        for trial in trials
    ]
