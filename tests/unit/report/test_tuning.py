"""Which trial was chosen, and what tuning gained over trial 0: also where that failed, or is the one chosen."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.cli.finalize import print_result
from hpo.finalizing.card import model_card, write_card
from hpo.report.evidence import Evidence, Original
from hpo.report.plots import draw_plots
from hpo.report.rendering import summary_note
from hpo.report.report import make_report
from hpo.report.result import build_result
from hpo.report.sentences import say
from hpo.report.statistics import derive
from hpo.report.words.names import percent
from hpo.report.writing import write_report

pytestmark = pytest.mark.usefixtures("words_alone")

Make = Callable[..., Evidence]


def said(evidence: Evidence) -> dict[str, str]:
    return {finding.title: finding.text for finding in say(evidence, derive(evidence)).key_points}


def preferring(evidence: Evidence, number: int) -> Evidence:
    """The same study, a simpler trial preferred to the best."""
    trial, best = evidence.trials[number], evidence.chosen.number
    return replace(evidence, chosen=replace(evidence.chosen, number=number, params=trial.params, instead_of=best))


def pages(evidence: Evidence, folder: Path) -> list[str]:
    """The page, the Markdown and the dashboard's note."""
    report = make_report(evidence)
    write_report(report, folder)
    return [*((folder / name).read_text() for name in ("report.html", "report.md")), summary_note(report, {})]


def test_a_simpler_trial_keeps_its_own_figures(evidence: Evidence) -> None:
    changed, best = preferring(evidence, 0), evidence.chosen.number
    result = build_result(changed, derive(changed))
    assert (result["best_trial"]["number"], result["best_trial"]["preferred_to"]) == (0, best)
    cv, cv_of_best = result["cv"], build_result(evidence, derive(evidence))["cv"]
    assert cv["mean"] == pytest.approx(np.mean(evidence.trials[0].fold_accuracies))
    correction = cv_of_best["corrected_mean"] - cv_of_best["mean"]
    assert cv["corrected_mean"] - cv["mean"] == pytest.approx(correction)
    assert correction < 0


def test_the_untuned_network_as_the_simplest_is_not_called_the_best(evidence: Evidence, tmp_path: Path) -> None:
    changed, best = preferring(evidence, 0), evidence.chosen.number
    found = said(changed)
    assert "Tuning found nothing better" not in found
    assert f"Trial {best} has the highest score" in found["Tuning gained little"]
    assert say(changed, derive(changed)).architecture.startswith("Trial 0 was preferred as the simplest")
    for page in pages(changed, tmp_path):
        assert "None of" not in page.split("Why this architecture")[0]
        assert "Best trial" not in page
        assert "The best trial was then" not in page
        assert f"cannot be told from the best, trial {best}" in page


def test_another_simpler_trial_is_told_with_the_best_it_was_preferred_to(evidence: Evidence) -> None:
    changed, best = preferring(evidence, 3), evidence.chosen.number
    said = say(changed, derive(changed))
    assert said.architecture.startswith("Trial 3 was preferred as the simplest")
    assert f"trial {best} (CV" in said.architecture
    assert "--prefer simplest takes it" not in said.architecture
    assert "--prefer" in say(evidence, derive(evidence)).architecture
    for compared in said.compared:
        chosen = next(choice for choice in compared.choices if choice.chosen)
        assert ("the next best" in compared.text) == (chosen == compared.choices[0])


def test_the_star_is_on_the_chosen_trial(evidence: Evidence) -> None:
    changed = preferring(evidence, 3)
    history = draw_plots(changed, derive(changed))["optimization_history"].svg
    assert "chosen: trial 3" in history
    assert "best: trial" not in history


def test_the_command_line_says_which_trial_was_chosen_and_why(
    evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, best = preferring(evidence, 3), evidence.chosen.number
    print_result(build_result(changed, derive(changed)), Path("report"), json=False)
    first = next(line for line in capsys.readouterr().out.splitlines() if "Chosen" in line)
    assert first == f"Chosen trial: 3, the simplest of those that cannot be told from the best, trial {best}"
    print_result(build_result(evidence, derive(evidence)), Path("report"), json=False)
    assert f"\nChosen trial: {best}\n" in capsys.readouterr().out


def without_trial_0(evidence: Evidence) -> Evidence:
    """The same study, trial 0 failed after two folds."""
    first = replace(evidence.trials[0], state="FAIL", fold_accuracies=(0.7, 0.8), reason="The loss is nan.")
    complete = replace(
        evidence.out_of_fold,
        numbers=evidence.out_of_fold.numbers[1:],
        correct=evidence.out_of_fold.correct[:, 1:],
    )
    return replace(evidence, trials=(first, *evidence.trials[1:]), original=None, out_of_fold=complete)


def test_an_untuned_network_that_failed_is_told_everywhere(
    evidence: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = without_trial_0(evidence)
    found = [finding for finding in say(changed, derive(changed)).key_points if "untuned" in finding.title]
    assert [finding.title for finding in found] == ["The untuned network did not finish"]
    assert found[0].text.startswith("Trial 0: The loss is nan. So")
    for page in pages(changed, tmp_path):
        assert "The untuned network did not finish" in page
    result = build_result(changed, derive(changed))
    assert result["baselines"]["original_configuration"] == {"cv": None, "test": None}
    print_result(result, Path("report"), json=False)
    printed = capsys.readouterr().out
    assert "Untuned (trial 0) " not in printed
    assert "  Logistic regression " in printed


def test_an_untuned_network_that_has_not_ended_is_told(evidence: Evidence) -> None:
    failed = without_trial_0(evidence)
    running = replace(failed, trials=failed.trials[1:])
    assert "has not ended yet" in said(running)["The untuned network did not finish"]


def test_words_follow_the_tuning(evidence: Evidence, make_evidence: Make) -> None:
    assert "Tuning was worth it" in said(evidence)
    assert evidence.original is not None
    won = replace(evidence, original=replace(evidence.original, number=evidence.chosen.number))
    assert "Tuning found nothing better" in said(won)
    needless = said(make_evidence(baseline=0.925))
    assert "Tuning was worth it" not in needless
    assert "not needed" in needless["Tuning helped the network, not the answer"]
    guessing = said(make_evidence(accuracy=0.55, test_accuracy=0.5))
    assert "No better than guessing" in guessing


def test_an_ensemble_is_told(evidence: Evidence) -> None:
    changed = replace(evidence, final=replace(evidence.final, networks=3))
    assert "3 networks" in say(changed, derive(changed)).epochs
    assert build_result(changed, derive(changed))["best_trial"]["networks"] == 3


def on_one_fold(evidence: Evidence, right: np.ndarray) -> Evidence:
    """The same study, its trial 0 tried on the first fold alone, and right for these of its rows."""
    complete = without_trial_0(evidence).out_of_fold
    first = replace(evidence.trials[0], state="PRUNED", fold_accuracies=(float(right.mean()),))
    original = Original(number=0, fold_accuracies=first.fold_accuracies, correct=right)
    contract = evidence.contract.model_copy(update={"original": "one-fold"})
    trials = (first, *evidence.trials[1:])
    return replace(evidence, contract=contract, trials=trials, original=original, out_of_fold=complete)


def test_an_untuned_network_on_one_fold_is_compared_on_that_fold(
    evidence: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = evidence.development.folds == 0
    # Of the sequences, which stand there twice each, every other one.
    changed = on_one_fold(evidence, np.arange(np.count_nonzero(rows)) // 2 % 2 == 0)
    statistics = derive(changed)
    own, untuned = statistics.cv.fold_accuracies[0], changed.trials[0].fold_accuracies[0]
    told = said(changed)["Tuning was worth it"]
    assert told.startswith("The untuned network (trial 0) was tried on one fold only. On that fold the chosen trial")
    assert f"right for {percent(own)}, the untuned network for {percent(untuned)} (p" in told
    result = build_result(changed, statistics)
    figures = result["baselines"]["original_configuration"]
    assert (figures["cv"], figures["folds"], figures["test"]) == (untuned, 1, None)
    assert figures["mcnemar_cv"]["n"] == np.count_nonzero(rows)
    assert figures["mcnemar_test"] is None
    assert "folds" not in result["baselines"]["logistic_regression"]
    for page in pages(changed, tmp_path)[:2]:
        assert "Untuned (trial 0), 1 fold" in page
        assert "(on the first fold alone)" in page
        assert "trying the untuned network on one fold only" in page
        assert "(1 fold)" in page
    print_result(result, Path("report"), json=False)
    assert re.search(rf"Untuned \(trial 0\), 1 fold +cross-validation {100 * untuned:.1f} %\n", capsys.readouterr().out)
    write_card(model_card(result), tmp_path)
    assert (
        f"| Untuned (trial 0), one fold of cross-validation | {percent(untuned)} |"
        in (tmp_path / "README.md").read_text()
    )


def test_one_fold_of_the_untuned_network_may_tell_nothing_or_the_contrary(evidence: Evidence) -> None:
    rows = evidence.development.folds == 0
    winner, correct = evidence.out_of_fold.numbers.index(evidence.chosen.number), evidence.out_of_fold.correct.copy()
    assert "no more than chance" in said(on_one_fold(evidence, correct[rows, winner]))["Tuning gained little"]
    correct[rows, winner] = False
    lost = replace(evidence, out_of_fold=replace(evidence.out_of_fold, correct=correct))
    assert "The untuned network is better" in said(on_one_fold(lost, ~correct[rows, winner]))


def test_an_untuned_network_that_was_left_out_is_told(evidence: Evidence, tmp_path: Path) -> None:
    contract = evidence.contract.model_copy(update={"original": "skip"})
    changed = replace(evidence, contract=contract, original=None)
    assert "--original skip" in said(changed)["The untuned network was left out"]
    assert build_result(changed, derive(changed))["baselines"]["original_configuration"] == {"cv": None, "test": None}
    for page in pages(changed, tmp_path)[:2]:
        assert "The untuned network was left out" in page
        assert "network before tuning" not in page
