"""What can be asked of `finalize` and its model: a simpler one, an ensemble, a second look, one gene explained."""

import csv
import json

import pytest
from optuna.trial import TrialState

from hpo.study.address import StudyAddress
from hpo.study.opened import open_study
from storage.trials.lease import WorkerIdentity


@pytest.fixture(scope="module")
def of_one_trial(workplace, tmp_path_factory):
    """A study whose one trial is finished; each test that asks for its answer has an output of its own."""
    hpo = workplace(tmp_path_factory.mktemp("of_one_trial"))
    hpo.create("s", 1, "--original", "all")
    hpo.ok("worker", "--workers", "1")
    return hpo


def test_finalize_prefers_the_simplest_and_averages_networks(hpo) -> None:
    hpo.create("s", 5)
    hpo.ok("worker", "--workers", "1")
    best = hpo.json("finalize", "--no-test", "--ensemble", "1", "--output", "best")
    simple = hpo.json("finalize", "--no-test", "--prefer", "simplest", "--ensemble", "3", "--output", "simple")
    assert simple["best_trial"]["network_parameters"] <= best["best_trial"]["network_parameters"]
    assert simple["best_trial"]["networks"] == 3
    assert simple["best_trial"]["preferred_to"] in (None, best["best_trial"]["number"])
    assert simple["best_trial"]["number"] in [best["best_trial"]["number"], *best["tied_with_best"]]
    weights = sorted((hpo.folder / "simple/model").glob("*.safetensors"))
    assert [path.name for path in weights] == [f"weights-{number}.safetensors" for number in range(3)]
    assert len({path.read_bytes() for path in weights}) == 3  # each from a seed of its own
    assert len(json.loads((hpo.folder / "simple/model/config.json").read_text())["weights"]) == 3
    hpo.ok("predict", "simple/model", "genes.csv", "--output", "predictions.csv")


def test_an_untuned_network_that_failed_does_not_cost_the_answer(hpo) -> None:
    hpo.create("s", 3, "--original", "all")
    opened = open_study(StudyAddress(storage=f"sqlite:///{hpo.folder}/hpo.db", study="s"))
    claim = opened.queue.claim(WorkerIdentity(worker="w", host="laptop", pid=1, device="cpu"), 3)
    assert claim is not None
    assert claim.number == 0
    opened.queue.finish(claim, TrialState.FAIL, reason="The loss is nan.")
    opened.storage.close()
    hpo.ok("worker", "--workers", "1")
    told = hpo.ok("finalize", "--output", "report")
    assert "\n  Test " in told
    assert "Untuned (trial 0)" not in told
    for name in ("report.html", "report.md"):
        assert "The untuned network did not finish" in (hpo.folder / "report" / name).read_text()
    assert (hpo.folder / "report/model/config.json").exists()


def test_a_second_opening_is_asked_for_and_told_and_no_report_of_another_study_is_replaced_unasked(hpo) -> None:
    hpo.create("s", 1)
    hpo.ok("worker", "--workers", "1")
    for folder, held in (("report", '{"study": "another"}'), ("sealed", "[not JSON")):
        (hpo.folder / folder).mkdir()
        (hpo.folder / folder / "result.json").write_text(held)
    refused = hpo.run("finalize", "--output", "report")
    assert refused.returncode == 1
    assert "report holds the report of study 'another'" in refused.stderr
    assert (hpo.folder / "report/result.json").read_text() == '{"study": "another"}'
    first = hpo.run("finalize", "--output", "report", "--overwrite")
    assert first.returncode == 0, first.stderr
    assert "has been used" not in first.stderr
    assert "opened 2 times" not in (hpo.folder / "report/report.html").read_text()
    same = hpo.run("finalize", "--output", "copy")
    assert "is done: it was answered on" in same.stderr
    copied = {path.name: path.read_bytes() for path in (hpo.folder / "copy").rglob("*.*")}
    assert copied == {path.name: path.read_bytes() for path in (hpo.folder / "report").rglob("*.*")}
    again = hpo.run("finalize", "--output", "report", "--again")
    assert "has been used: it was opened on" in again.stderr
    assert "opening 2" in again.stderr
    assert "has been opened 2 times" in (hpo.folder / "report/report.html").read_text()
    without = hpo.run("finalize", "--no-test", "--output", "sealed")
    assert "has been used" not in without.stderr
    page = (hpo.folder / "sealed/report.html").read_text()
    assert "opened 2 times before" in page
    assert "still sealed" not in page


def test_predict_explains_a_gene_letter_by_letter(of_one_trial) -> None:
    hpo = of_one_trial
    hpo.ok("finalize", "--no-test", "--output", "explained")
    gene = next(csv.DictReader((hpo.folder / "genes.csv").read_text().splitlines()))
    (hpo.folder / "one.fasta").write_text(f">mine\n{gene['sequence']}\n")
    hpo.ok("predict", "explained/model", "one.fasta", "--explain", "why.csv")
    rows = list(csv.DictReader((hpo.folder / "why.csv").read_text().splitlines()))
    sizes = [abs(float(row["probability_change"])) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert {row["id"] for row in rows} == {"mine"}
    assert all(row["letter"] != row["changed_to"] for row in rows)
    first = rows[0]
    place = int(first["position"])  # trial 0 reads nucleotides
    assert gene["sequence"][place - 1] == first["letter"]
    changed = gene["sequence"][: place - 1] + first["changed_to"] + gene["sequence"][place:]
    (hpo.folder / "two.fasta").write_text(f">mine\n{gene['sequence']}\n>changed\n{changed}\n")
    before, after = hpo.json("predict", "explained/model", "two.fasta")["predictions"]
    difference = after["probability_resistant"] - before["probability_resistant"]
    assert abs(difference - float(first["probability_change"])) < 1e-4
