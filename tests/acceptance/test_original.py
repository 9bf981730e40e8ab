"""What is done with trial 0, the original's configuration, where it is not tried on all folds."""

import json

from hpo.study.opened import OpenedStudy


def test_the_original_is_tried_on_one_fold(hpo, opened_here) -> None:
    hpo.create("s", 4, "--original", "one-fold")
    hpo.ok("worker", "--workers", "1")
    (untuned,) = accuracies(opened_here("s"), 0)
    status = hpo.json("status")
    assert (status["complete"] + status["pruned"], status["budget"]) == (4, 4)
    assert status["pruned"] >= 1
    told = hpo.ok("finalize", "--output", "report")
    assert "Untuned (trial 0), 1 fold" in told
    assert f"cross-validation {100 * untuned:.1f} %" in told
    result = json.loads((hpo.folder / "report/result.json").read_text())
    figures = result["baselines"]["original_configuration"]
    assert (figures["cv"], figures["folds"], figures["test"]) == (untuned, 1, None)
    assert result["best_trial"]["number"] > 0
    assert result["test"] is not None
    # The chosen trial is compared on the rows of that fold, and on no others.
    own = accuracies(opened_here("s"), result["best_trial"]["number"])
    paired = figures["mcnemar_cv"]
    ahead = (paired["only_best_right"] - paired["only_baseline_right"]) / paired["n"]
    assert abs(own[0] - untuned - ahead) < 1e-9
    for name in ("report.html", "report.md"):
        assert "was tried on one fold only" in (hpo.folder / "report" / name).read_text()


def test_the_original_is_left_out_where_it_would_cost_more_than_the_search(hpo, opened_here) -> None:
    hpo.simulate(codons=40)
    job = ("run", "genes.csv", "--study", "s", "--trials", "3", "--space", "space.toml", "--max-epochs", "4")
    done = hpo.run(*job, "--workers", "1", "--output", "report")
    assert done.returncode == 0, done.stderr
    assert "The original's configuration is left out: one fold of it would take about" in done.stderr
    opened = opened_here("s")
    assert opened.contract.original == "skip"
    first = opened.storage.get_all_trials(opened.handle.study_id)[0]
    assert first.params.keys() == opened.contract.search.space.searched.keys()
    assert first.user_attrs["hpo:config"] != opened.contract.baseline_configuration.as_dict()
    result = json.loads((hpo.folder / "report/result.json").read_text())
    assert result["baselines"]["original_configuration"] == {"cv": None, "test": None}
    assert result["trials"]["complete"] + result["trials"]["pruned"] == 3
    for name in ("report.html", "report.md"):
        assert "The untuned network was left out" in (hpo.folder / "report" / name).read_text()
    # What was chosen stays chosen, whatever a larger budget would make of it.
    again = hpo.run(*job, "--trials", "4", "--workers", "1", "--output", "report")
    assert again.returncode == 0, again.stderr
    assert "going on with it" in again.stderr
    assert "The budget of study 's' is raised from 3 to 4 trials." in again.stderr
    assert "The original's configuration" not in again.stderr
    refused = hpo.run(*job, "--trials", "4", "--original", "all", "--output", "report")
    assert "--original: skip in the study, all here" in refused.stderr


def accuracies(opened: OpenedStudy, number: int) -> list[float]:
    """Of a trial's folds."""
    return opened.storage.get_all_trials(opened.handle.study_id)[number].user_attrs["fold_accuracies"]
