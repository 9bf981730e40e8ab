"""One verdict: it comes first, and in the same words, in the terminal, in every page, in the result and in the card."""

import html
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.cli.finalize import print_result
from hpo.finalizing.card import model_card, write_card
from hpo.finalizing.label_noise import shuffled
from hpo.report.evidence import Evidence
from hpo.report.rendering import summary_note
from hpo.report.report import make_report
from hpo.report.sentences import say
from hpo.report.statistics import derive
from hpo.report.writing import write_report
from model.batching import Examples
from model.encoding import Encoded
from model.ragged import Ragged

pytestmark = pytest.mark.usefixtures("words_alone")

Make = Callable[..., Evidence]


def undecided_test(evidence: Evidence) -> Evidence:
    """The same study; on the test the regression calls what the network calls, so only cross-validation tells."""
    assert evidence.test is not None
    right = float(((evidence.test.probabilities > 0.5) == evidence.test.labels).mean())
    same = {"test_probabilities": evidence.test.probabilities, "test_accuracy": right}
    baselines = tuple(replace(one, **same) if one.name == "logistic_regression" else one for one in evidence.baselines)
    return replace(evidence, baselines=baselines)


CASES: dict[str, tuple[Callable[[Make], Evidence], str | None]] = {
    "Better than every plain baseline": (lambda make: make(), "network"),
    "A plain baseline is as good": (lambda make: make(baseline=0.925), "logistic_regression"),
    "A plain baseline is better": (lambda make: make(baseline=0.995), "logistic_regression"),
    "No better than guessing": (lambda make: make(accuracy=0.55, test_accuracy=0.5, baseline=0.5), None),
}


@pytest.mark.parametrize("title", CASES)
def test_the_verdict_is_the_same_and_first_everywhere(
    title: str, make_evidence: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, use = CASES[title]
    report = make_report(made(make_evidence))
    result = write_report(report, tmp_path)
    verdict = result["verdict"]
    assert (verdict["title"], verdict["use"]) == (title, use)
    sentence = plain(f"Verdict: {title}. {verdict['text']}")
    print_result(result, Path("report"), json=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.startswith(sentence)
    page = plain(html.unescape((tmp_path / "report.html").read_text()).replace("<strong>", "").replace("</strong>", ""))
    assert page.count(sentence) == 1
    assert page.index(sentence) < page.index("expected accuracy on", page.index("<main>"))
    markdown = plain((tmp_path / "report.md").read_text().replace("**", "").replace("\\", ""))
    assert f"> {sentence}" in markdown
    assert f"> {sentence}" in plain(summary_note(report, {}).replace("**", "").replace("\\", ""))
    write_card(model_card(result), tmp_path)
    assert (f"- {title}." in (tmp_path / "README.md").read_text()) == (use != "network")
    # Figures have the names of the report.
    for name in ("Test", "Cross-validation, corrected for the choice among trials", "Logistic regression"):
        assert f" {name} " in printed
        assert f"| {name} " in markdown


def test_a_small_test_set_hides_no_baseline_that_is_better_in_cross_validation(make_evidence: Make) -> None:
    evidence = undecided_test(make_evidence(baseline=0.995))
    statistics = derive(evidence)
    first = say(evidence, statistics).key_points[0]
    assert first.title == "A plain baseline is better"
    assert "better by more than chance in cross-validation, which the test does not contradict" in first.text
    assert "In cross-validation the baseline is ahead" in first.text
    assert statistics.in_use() == "logistic_regression"


def test_cross_validation_alone_makes_no_network_better(make_evidence: Make) -> None:
    evidence = undecided_test(make_evidence(baseline=0.75))
    assert say(evidence, derive(evidence)).key_points[0].title == "A plain baseline is as good"


def test_only_positions_above_what_shuffled_labels_give_are_named(evidence: Evidence) -> None:
    found = evidence.positions
    assert found is not None
    second = float(np.sort(found.effect)[-2])
    one = replace(evidence, positions=replace(found, noise=second))
    words = say(one, derive(one))
    assert [leader.position for leader in words.leaders] == [int(found.effect.argmax()) + 1]
    assert f"shuffled labels is moved by {second:.2f} at most" in words.positions
    none = replace(evidence, positions=replace(found, noise=1.0))
    words = say(none, derive(none))
    assert words.leaders == ()
    assert "None is." in words.positions
    assert "The largest effects are at" not in words.positions


def test_shuffled_labels_keep_copies_together_and_the_classes_as_common() -> None:
    tokens = np.repeat(np.arange(2, 42, dtype=np.uint8), 3)
    labels = np.repeat(np.arange(40) % 4 == 0, 3)
    encoded = Encoded(Ragged.of(tokens, np.ones(120, np.int64)), 50)
    dealt = shuffled(Examples(encoded.tokens, labels), encoded, 1).labels
    assert dealt.sum() == labels.sum()
    assert (dealt != labels).any()
    assert all(len(set(dealt[row : row + 3])) == 1 for row in range(0, 120, 3))
    np.testing.assert_array_equal(dealt, shuffled(Examples(encoded.tokens, labels), encoded, 1).labels)


def plain(text: Any) -> str:
    """Text on one line, with the signs that every terminal has."""
    signs = {"\N{NO-BREAK SPACE}": " ", "\N{NON-BREAKING HYPHEN}": "-", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"}
    for sign, stands_for in signs.items():
        text = text.replace(sign, stands_for)
    return " ".join(text.split())
