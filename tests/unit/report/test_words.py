"""The sentences: other numbers, other words."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.evaluation.baselines import Baseline
from hpo.evaluation.pruning_cost import Audited, Tally, pruning_cost
from hpo.report.evidence import Evidence
from hpo.report.rendering import summary_note
from hpo.report.report import make_report
from hpo.report.result import build_result
from hpo.report.sentences import say
from hpo.report.statistics import derive
from hpo.report.words.training import epochs
from hpo.report.writing import write_report
from hpo.study.pruning import Pruning
from model.inspection import Inspection
from report_words import said

pytestmark = pytest.mark.usefixtures("words_alone")

Make = Callable[..., Evidence]


def test_a_lookup_that_is_better_is_no_advice_for_new_sequences(evidence: Evidence) -> None:
    assert evidence.test is not None
    labels, known = evidence.development.labels, evidence.test.labels
    lookup = Baseline("identical_sequence", (1.0,) * 5, labels.astype(float), known.astype(float), 1.0)
    changed = replace(evidence, baselines=(lookup,))
    findings = {found.title: found for found in say(changed, derive(changed)).key_points}
    finding = findings["A plain baseline is better"]
    assert "known sequences only" in finding.text
    assert "Use that" not in finding.text


def test_seen_sequences_are_no_new_genes(evidence: Evidence) -> None:
    assert evidence.test is not None
    said = say(evidence, derive(evidence)).headline
    assert "as common as these" in said.label
    assert "50 of them have a sequence" in said.detail
    unseen = replace(evidence, test=replace(evidence.test, unseen=np.ones(200, dtype=bool)))
    assert say(unseen, derive(unseen)).headline.label == "expected accuracy on new genes"


def test_positions_are_told_and_counted_from_one(evidence: Evidence) -> None:
    assert evidence.positions is not None
    top = build_result(evidence, derive(evidence))["positions"]["top"]
    assert top[0] == int(np.argmax(evidence.positions.effect)) + 1
    said = say(evidence, derive(evidence)).positions
    assert f"The largest effects are at {top[0]} K," in said
    assert "16 positions could not be tried" in said


def test_a_report_without_a_test_that_was_opened_before_says_so(sealed: Evidence) -> None:
    evidence = replace(sealed, test_openings=("2026-01-01T10:00:00+00:00",) * 2)
    headline = say(evidence, derive(evidence)).headline
    assert "opened 2 times before" in headline.detail
    assert "still sealed" not in headline.detail


def test_words_follow_the_baseline(evidence: Evidence, make_evidence: Make) -> None:
    assert "Better than every plain baseline" in said(evidence)
    equal = said(make_evidence(baseline=0.925))
    assert "logistic regression" in equal["A plain baseline is as good"]
    assert "A plain baseline is better" in said(make_evidence(baseline=0.995))


def test_a_plain_baseline_as_good_is_said_in_the_first_lines(make_evidence: Make) -> None:
    for accuracy, title in ((0.925, "A plain baseline is as good"), (0.995, "A plain baseline is better")):
        evidence = make_evidence(baseline=accuracy)
        assert [*said(evidence)][:1] == [title]
        # Not even a second opening of the test set comes before it.
        opened_again = replace(evidence, test_openings=("2026-01-01", "2026-01-02"))
        assert [*said(opened_again)][:2] == [title, "The test set has been opened 2 times"]
        assert f"\n> **Verdict: {title}.** " in summary_note(make_report(evidence), {})


def repeated(evidence: Evidence, copies: int) -> Evidence:
    """The test set's first sequence, which the model calls wrong and the baseline right, many times."""
    assert evidence.test is not None
    order = np.concatenate([np.zeros(copies, dtype=int), np.arange(200)])
    test = replace(
        evidence.test,
        labels=evidence.test.labels[order],
        probabilities=np.where(order == 0, ~evidence.test.labels[0], evidence.test.probabilities[order]),
        unseen=evidence.test.unseen[order],
        lengths=evidence.test.lengths[order],
        groups=evidence.test.groups[order],
    )
    baselines = []
    for baseline in evidence.baselines:
        assert baseline.test_probabilities is not None
        on_test = np.where(order == 0, test.labels, baseline.test_probabilities[order])
        right = float(((on_test > 0.5) == test.labels).mean())
        baselines.append(replace(baseline, test_probabilities=on_test, test_accuracy=right))
    assert evidence.original is not None
    assert evidence.original.test_probabilities is not None
    original = replace(evidence.original, test_probabilities=evidence.original.test_probabilities[order])
    return replace(evidence, test=test, baselines=tuple(baselines), original=original)


def test_copies_of_one_sequence_are_one_witness(make_evidence: Make) -> None:
    evidence = repeated(make_evidence(baseline=0.925), 100)
    statistics = derive(evidence)
    paired = next(one for one in statistics.baselines if one.name == "logistic_regression").paired_on_test
    assert paired is not None
    assert paired.rows.differs
    assert not paired.cases.differs
    assert (paired.rows.n, paired.cases.n) == (300, 200)
    words = said(evidence)
    assert "copies of a few sequences" in words["A plain baseline is as good"]
    assert "with 101 copies, accounts for 101 of the" in words["Copies of few sequences weigh on the test"]
    assert statistics.test is not None
    assert statistics.test.copies.sequences == 200
    assert statistics.test.copies.accuracy == pytest.approx(0.92, abs=0.05)
    assert "200 different sequences" in say(evidence, statistics).headline.detail


def test_words_follow_the_gap(evidence: Evidence, make_evidence: Make) -> None:
    assert "Cross-validation and test agree" in said(evidence)
    assert "Cross-validation promised too much" in said(make_evidence(test_accuracy=0.75))
    assert "The test came out better than cross-validation" in said(make_evidence(test_accuracy=1.0))


def test_words_follow_the_openings_of_the_test_set(evidence: Evidence) -> None:
    assert not any("opened" in title for title in said(evidence))
    again = said(replace(evidence, test_openings=("2026-01-01", "2026-01-02", "2026-01-03")))
    assert list(again)[1] == "The test set has been opened 3 times"


def test_words_follow_the_data(evidence: Evidence, change_contract: Make) -> None:
    def met(data: Inspection, early_stops: int = 44, duplicates: str = "together") -> set[str]:
        changed = replace(evidence, data=data, early_stops=early_stops)
        changed = change_contract(changed, "splitting", duplicates=duplicates)
        return {finding.title for finding in say(changed, derive(changed)).challenges}

    data = evidence.data
    assert met(data) == {
        "Balanced classes",
        "Ambiguous letters",
        "Early stops",
        "Unequal lengths",
        "No common ancestor",
        "Duplicates",
        "Contradictory labels",
    }
    clean = replace(data.encodings[1], encoding="amino_acid")
    length = replace(data.length, shortest=900)
    plain = replace(data, divergence=None, ambiguous_letters=0, length=length, encodings=(clean,), resistant=70)
    assert met(plain, early_stops=0) == {"Unequal classes"}
    common = replace(data.encodings[0], commonest=430)
    assert "One sequence dominates" in met(replace(data, encodings=(common,)), duplicates="spread")


def test_words_explain_the_architecture(evidence: Evidence, change_contract: Make) -> None:
    words = say(evidence, derive(evidence))
    encoding = next(found for found in words.compared if found.name == "encoding")
    best = {
        choice: max(t.mean or 0 for t in evidence.trials if t.state == "COMPLETE" and t.params["encoding"] == choice)
        for choice in ("amino_acid", "codon")
    }
    found = {choice.value.replace(" ", "_"): choice.best for choice in encoding.choices}
    assert found == pytest.approx(best)
    assert sum(choice.trials for choice in encoding.choices) == len(evidence.trials)
    assert any(line.startswith("Learning rate") for line in words.ranges)
    assert "epoch 11" in words.epochs
    assert "the most that was allowed" not in words.epochs
    short = change_contract(evidence, "training", max_epochs=11)
    assert "the most that was allowed" in say(short, derive(short)).epochs


def test_the_search_space_is_told_as_it_was_given(evidence: Evidence) -> None:
    told = say(evidence, derive(evidence)).search_space
    assert told["encoding"] == "amino_acid, codon"
    assert told["hidden_size"] == "16 to 128, logarithmic"
    assert told["layers"] == "2 (fixed)"


def test_what_could_not_be_measured_is_told(evidence: Evidence, tmp_path: Path) -> None:
    assert say(evidence, derive(evidence)).importance == ""
    without = replace(evidence, importances={}, positions=None)
    words = say(without, derive(without))
    write_report(make_report(without), tmp_path)
    for page in ((tmp_path / name).read_text() for name in ("report.html", "report.md")):
        assert words.importance in page
        assert words.positions in page
        assert "Where in the gene" in page


def test_a_patience_that_could_end_nothing_is_not_told(evidence: Evidence, change_contract: Make) -> None:
    assert "ended after 10 without a lower loss" in epochs(evidence)
    most = len(evidence.chosen.fold_curves[0].validation_loss)
    told = epochs(change_contract(evidence, "training", max_epochs=most, patience=most))
    assert "without a lower loss" not in told
    assert f"All {len(evidence.chosen.fold_curves)} folds ran all of them; over these" in told


def test_what_pruning_cost_stands_with_the_effort(evidence: Evidence) -> None:
    cost = pruning_cost([Tally(given_up=20, audits=(Audited(0.1, 0.0),) * 3, under_way=0, gains=(0.01,))])
    told = replace(evidence, effort=replace(evidence.effort, pruning=Pruning(study=cost, storage=cost)))
    assert "What pruning costs" not in say(evidence, derive(evidence)).effort
    assert "by 3 of 20 trials given up in this study" in say(told, derive(told)).effort
    assert build_result(evidence, derive(evidence))["pruning"] is None
    result = build_result(told, derive(told))["pruning"]
    assert result["storage"]["beats_if_pruned"] == {"value": 0.0, "low": 0.0, "high": pytest.approx(0.7076, abs=1e-4)}
