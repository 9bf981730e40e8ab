"""Sentences in corner cases: tiny test sets, one trial, equal figures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.report.evidence import Evidence, TestSet
from hpo.report.report import make_report
from hpo.report.sentences import say
from hpo.report.statistics import derive
from hpo.report.writing import write_report

pytestmark = pytest.mark.usefixtures("words_alone")

Make = Callable[..., Evidence]


def said(evidence: Evidence) -> dict[str, str]:
    return {finding.title: finding.text for finding in say(evidence, derive(evidence)).key_points}


def challenges(evidence: Evidence) -> dict[str, str]:
    return {finding.title: finding.text for finding in say(evidence, derive(evidence)).challenges}


def first_rows(test: TestSet, count: int) -> TestSet:
    return TestSet(
        labels=test.labels[:count],
        probabilities=test.probabilities[:count],
        unseen=test.unseen[:count],
        lengths=test.lengths[:count],
        groups=test.groups[:count],
    )


def with_test_rows(evidence: Evidence, count: int) -> Evidence:
    """Only the first rows of the test set."""
    assert evidence.test is not None
    test, baselines = first_rows(evidence.test, count), []
    for baseline in evidence.baselines:
        assert baseline.test_probabilities is not None
        called = baseline.test_probabilities[:count]
        right = float(((called > 0.5) == test.labels).mean())
        baselines.append(replace(baseline, test_probabilities=called, test_accuracy=right))
    return replace(evidence, test=test, baselines=tuple(baselines), original=None)


def test_a_tiny_test_set_does_not_say_that_nothing_was_learnt(evidence: Evidence, make_evidence: Make) -> None:
    tiny = said(with_test_rows(evidence, 4))
    assert "In cross-validation the network is ahead" in tiny["Not shown to be better than guessing"]
    assert "No better than guessing" not in tiny
    assert "No better than guessing" in said(make_evidence(accuracy=0.55, test_accuracy=0.5))


def test_a_test_that_equals_cross_validation_is_not_called_higher(evidence: Evidence) -> None:
    assert evidence.test is not None
    folds = np.arange(200) % 5
    labels = np.tile([True, False], 100)
    right = np.arange(200) >= 20  # 20 mistakes in 200 rows, four in each fold
    called = np.where(right == labels, 0.9, 0.1)
    correct = np.repeat(right[:, None], evidence.out_of_fold.correct.shape[1], axis=1)
    equal = replace(
        evidence,
        development=replace(evidence.development, labels=labels, groups=np.arange(200), folds=folds),
        out_of_fold=replace(evidence.out_of_fold, correct=correct),
        chosen=replace(evidence.chosen, probabilities=called),
        test=replace(evidence.test, labels=labels, probabilities=called),
        baselines=(),
        original=None,
    )
    assert "the test is as high as CV" in said(equal)["Cross-validation and test agree"]


def test_one_trial_has_no_second_half(evidence: Evidence) -> None:
    assert "second half" in say(evidence, derive(evidence)).effort
    alone = replace(evidence, trials=tuple(t for t in evidence.trials if t.number == evidence.chosen.number))
    alone = replace(alone, trials=(replace(alone.trials[0], number=0),))
    alone = replace(
        alone,
        chosen=replace(alone.chosen, number=0),
        out_of_fold=replace(alone.out_of_fold, numbers=(0,), correct=alone.out_of_fold.correct[:, :1]),
    )
    assert "second half" not in say(alone, derive(alone)).effort


def test_where_all_trials_but_one_were_pruned_the_ranges_speak_of_one(evidence: Evidence) -> None:
    trials = tuple(t if t.number == evidence.chosen.number else replace(t, state="PRUNED") for t in evidence.trials)
    column = evidence.out_of_fold.numbers.index(evidence.chosen.number)
    correct = evidence.out_of_fold.correct[:, [column]]
    alone = replace(
        evidence,
        trials=trials,
        out_of_fold=replace(evidence.out_of_fold, numbers=(evidence.chosen.number,), correct=correct),
    )
    lines = say(alone, derive(alone)).ranges
    assert lines
    assert all("the only complete trial lies at" in line for line in lines)


def test_a_sealed_report_says_which_genes_it_counts(evidence: Evidence, sealed: Evidence) -> None:
    assert "Without the test set" not in challenges(evidence)
    counted = replace(sealed, data=replace(sealed.data, rows=500))
    assert "500 development genes" in challenges(counted)["Without the test set"]


def test_an_early_report_does_not_say_that_the_search_had_ended(evidence: Evidence, tmp_path: Path) -> None:
    write_report(make_report(replace(evidence, effort=replace(evidence.effort, budget=1000))), tmp_path)
    assert "had ended" not in (tmp_path / "report.html").read_text()


def test_contradictions_are_told_with_their_ceiling(evidence: Evidence) -> None:
    assert "98.6\u00a0%" in challenges(evidence)["Contradictory labels"]


def test_the_most_epochs_are_told_before_the_ensemble(evidence: Evidence, change_contract: Make) -> None:
    together = change_contract(replace(evidence, final=replace(evidence.final, networks=5)), "training", max_epochs=11)
    assert "for 11 epochs. That is the most that was allowed" in say(together, derive(together)).epochs
    assert "It is an ensemble" in say(together, derive(together)).epochs


def test_how_the_file_was_read_is_told_where_it_is_known(evidence: Evidence, change_contract: Make) -> None:
    assert "Read from the file" not in challenges(evidence)
    cleaning = evidence.contract.data.cleaning.model_dump() | {"gaps": "remove", "gaps_removed": {"-": 180}}
    text = challenges(change_contract(evidence, "data", cleaning=cleaning))["Read from the file"]
    assert text == "As read from the file: 180 gaps (- 180) removed."
    read = {"sequence": "seq", "label": "mic", "id": None, "ignored": ["note"], "also_ignored": 0, "where": {"a": "b"}}
    text = challenges(change_contract(evidence, "data", columns=read))["Read from the file"]
    assert text == "Columns read: sequence 'seq', label 'mic'; ignored: 'note'. Rows read: where a is b."
