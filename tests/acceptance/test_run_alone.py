"""`hpo run FILE` with as little else as can be."""

import json

import pytest

import hpo as from_python
from hpo.study.attributes import configuration
from loaded import runs_without

QUICK = ("--space", "space.toml", "--max-epochs", "2", "--workers", "1")


@pytest.fixture(scope="module")
def searched(workplace, tmp_path_factory):
    """A study that was asked for by its file alone, and what that said; nobody changes it."""
    hpo = workplace(tmp_path_factory.mktemp("searched"))
    done = hpo.run("run", "genes.csv", "--trials", "3", *QUICK)
    assert done.returncode == 0, done.stderr
    return hpo, done.stderr


def test_a_file_is_enough_and_the_same_command_is_the_same_study(searched) -> None:
    hpo, said = searched
    assert "By default: study 'genes' (--study), report in genes-report (--output).\n" in said
    assert "Searching: 3 trials" in said
    result = json.loads((hpo.folder / "genes-report/result.json").read_text())
    assert (result["study"], result["trials"]["budget"]) == ("genes", 3)

    # Without --trials a study that is there keeps its budget.
    again = hpo.run("run", "genes.csv", *QUICK)
    assert again.returncode == 0
    assert "Study 'genes' is done: it was answered on" in again.stderr
    assert "By default: study 'genes' (--study), report in genes-report (--output).\n" in again.stderr

    # Who only asks for what is there does not wait for what trains and draws.
    slow = {"torch", "sklearn", "scipy.stats", "matplotlib"}
    runs_without(slow, "run", "genes.csv", *QUICK, folder=hpo.folder)
    runs_without(slow, "report", "--study", "genes", "--output", "genes-report", folder=hpo.folder)

    # From elsewhere, and from Python, it is the same study too.
    done = from_python.run(
        hpo.folder / "genes.csv",
        storage=f"sqlite:///{hpo.folder}/hpo.db",
        space=hpo.folder / "space.toml",
        max_epochs=2,
        workers=1,
    )
    assert done == result


def test_nothing_but_a_file_is_needed_and_the_search_ends_by_itself(hpo) -> None:
    # What the user would have said to have a space of tiny networks, and enough of them complete for the rule that ends
    # a search; the command itself is given nothing.
    said = {"HPO_SPACE": "space.toml", "HPO_MAX_EPOCHS": "2", "HPO_PRUNER": "none"}
    ran = hpo.run("run", "genes.csv", environment=said)
    assert ran.returncode == 0, ran.stderr
    assert "up to 40 trials, for as long as more are likely to pay (--trials)." in ran.stderr
    assert "10 more trials are expected to gain" in ran.stderr
    status = hpo.json("status")
    assert status["state"] == "done"
    assert 15 <= status["complete"] + status["pruned"] + status["failed"] == status["budget"] <= 40
    assert {"trials", "gain", "noise", "pays"} == status["more_trials"].keys()
    if status["budget"] < 40:
        assert status["ended"] == {"asked": 40, "trials": status["budget"], "why": "gain"}
    again = hpo.run("run", "genes.csv", environment=said)
    assert "Study 'genes' is done: it was answered on" in again.stderr


def test_a_file_of_that_name_with_other_genes_is_another_study(searched) -> None:
    hpo, _ = searched
    before = (hpo.folder / "genes-report/result.json").read_bytes()
    (hpo.folder / "other").mkdir()
    lines = (hpo.folder / "genes.csv").read_text().splitlines(keepends=True)
    (hpo.folder / "other/genes.csv").write_text("".join(lines[:200]))
    refused = hpo.run("run", "other/genes.csv", *QUICK)
    assert refused.returncode == 1
    assert "A study named 'genes' is in this storage already, and differs" in refused.stderr
    assert "the data: other genes or labels than those of the study" in refused.stderr
    assert "choose another --study" in refused.stderr
    assert (hpo.folder / "genes-report/result.json").read_bytes() == before


def test_a_file_that_is_not_there_leaves_nothing_behind(hpo) -> None:
    refused = hpo.run("run", "no/such/genes.csv")
    assert refused.returncode != 0
    assert "no/such/genes.csv" in refused.stderr
    assert not (hpo.folder / "no").exists()


def test_patience_ends_a_search_alike_for_all_its_workers(hpo) -> None:
    hpo.create("s", 60, "--patience-trials", "3")
    hpo.ok("worker", "--workers", "2")
    status = hpo.json("status")
    done = status["complete"] + status["pruned"] + status["failed"]
    assert (status["state"], status["budget"], status["running"], status["waiting"]) == ("done", done, 0, 0)
    assert 3 < done < 60
    assert status["ended"] == {"asked": 60, "trials": done, "why": "patience"}
    assert f"The search ended with {done} of 60 trials" in hpo.ok("status")
    # Whoever comes later finds it so, and more can be had.
    hpo.ok("worker", "--workers", "1")
    assert hpo.json("status")["budget"] == done
    hpo.ok("extend", "--trials", str(done + 1))
    hpo.ok("worker", "--workers", "1")
    status = hpo.json("status")
    assert (status["budget"], status["ended"]) == (done + 1, None)


def test_time_ends_a_search_and_the_study_is_answered(hpo) -> None:
    asked = ("run", "genes.csv", "--trials", "900", "--time", "1s", *QUICK)
    ran = hpo.run(*asked)
    assert ran.returncode == 0, ran.stderr
    result = json.loads((hpo.folder / "genes-report/result.json").read_text())
    finished = sum(result["trials"][state] for state in ("complete", "pruned", "failed"))
    assert 1 <= result["trials"]["budget"] == finished < 900
    assert result["ended"] == {"asked": 900, "trials": finished, "why": "time"}
    ended = f"The search ended with {finished} of 900 trials, because its time was over (--time)."
    assert ended in (hpo.folder / "genes-report/report.md").read_text()
    assert "The time is over (1 s): " in ran.stderr
    assert ended in ran.stderr
    # Asked for again, it is answered.
    again = hpo.run(*asked)
    assert "Study 'genes' is done: it was answered on" in again.stderr
    assert "The search ended with" in again.stderr


def test_configurations_of_the_user_s_own_are_tried_first(hpo, opened_here) -> None:
    (hpo.folder / "own.csv").write_text("hidden_size,embedding_size\n16,8\n8,16\n")
    asked = ("run", "genes.csv", "--trials", "4", "--original", "all", "--enqueue", "own.csv", *QUICK)
    hpo.ok(*asked)
    study = opened_here("genes")
    tried = [configuration(trial.user_attrs) for trial in study.storage.get_all_trials(study.handle.study_id)[1:3]]
    assert [(one["hidden_size"], one["embedding_size"]) for one in tried] == [(16, 8), (8, 16)]
    assert "answered on" in hpo.run(*asked).stderr
    (hpo.folder / "own.csv").write_text("hidden_size,embedding_size\n16,8\n")
    other = hpo.run(*asked)
    assert other.returncode == 1
    assert "was made with 2 configurations of --enqueue, and not with these 1" in other.stderr

    (hpo.folder / "own.csv").write_text("hidden_size,embedding_size\n16,8\n9,16\n")
    refused = hpo.run("create-study", "genes.csv", "--study", "t", "--trials", "4", *QUICK[:2], "--enqueue", "own.csv")
    assert refused.returncode == 2
    assert "own.csv, row 3, has hidden_size = '9'.\n  The space allows 8 or 16." in refused.stderr


def test_a_search_begins_from_an_earlier_study_of_another_storage(hpo, opened_here) -> None:
    earlier = ("--storage", "sqlite:///old.db", "--artifacts", "old-artifacts")
    hpo.ok("create-study", "genes.csv", "--study", "old", "--trials", "5", *QUICK[:4], "--pruner", "none", *earlier)
    hpo.ok("worker", *earlier, *QUICK[4:])
    asked = ("run", "genes.csv", "--trials", "5", "--original", "skip", "--warm-start", "sqlite:///old.db#old", *QUICK)
    ran = hpo.run(*asked)
    assert ran.returncode == 0, ran.stderr
    assert "complete trials of study 'old', 3 of them first and others while their ranks agree." in ran.stderr
    study = opened_here("genes")
    trials = study.storage.get_all_trials(study.handle.study_id)
    origins = [trial.user_attrs["hpo:origin"]["warm_start"] for trial in trials[:3]]
    assert origins == [f"sqlite:///{hpo.folder.resolve()}/old.db#old"] * 3
    # The earlier study is not needed any more.
    (hpo.folder / "old.db").unlink()
    assert "answered on" in hpo.run(*asked).stderr
