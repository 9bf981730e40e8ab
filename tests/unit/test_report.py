"""The report: keys, figures that can be recomputed, a page that loads nothing, words that follow the numbers."""

import dataclasses
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.evaluation.baselines import Baseline
from hpo.evaluation.intervals import wilson
from hpo.report import summary_note, write_report
from hpo.report.answer import derive
from hpo.report.evidence import (
    Contract,
    DataSummary,
    Development,
    Effort,
    EncodingSummary,
    EpochCurves,
    Evidence,
    FinalModel,
    Layer,
    Original,
    OutOfFold,
    PositionEffects,
    TestSet,
    Trial,
    Winner,
)
from hpo.report.rendering import markdown_text
from hpo.report.result import build_result
from hpo.report.words import say

HOSTILE = "<script>alert(1)</script><img src=http://evil.example/x>"


def guess(labels: np.ndarray, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """Probabilities whose calls are right for about that share of the rows."""
    right = rng.random(len(labels)) < accuracy
    sure = 0.5 + 0.49 * rng.random(len(labels))
    return np.where(right == labels, sure, 1 - sure)


def as_baseline(
    name: str, accuracy: float, development: Development, test: TestSet, rng: np.random.Generator
) -> Baseline:
    probabilities = guess(development.labels, accuracy, rng)
    right = (probabilities >= 0.5) == development.labels
    folds = tuple(float(right[development.folds == k].mean()) for k in range(5))
    on_test = guess(test.labels, accuracy, rng)
    return Baseline(name, folds, probabilities, on_test, float(((on_test >= 0.5) == test.labels).mean()))


def make_curves(rng: np.random.Generator, epochs: int = 20) -> EpochCurves:
    time = np.arange(epochs)
    loss = 0.15 + 0.5 * np.exp(-time / 4)
    held_out = loss + 0.002 * time + rng.normal(0, 0.01, epochs)
    return EpochCurves(
        train_loss=tuple(loss.tolist()),
        train_accuracy=tuple((1 - loss / 2.2).tolist()),
        validation_loss=tuple(held_out.tolist()),
        validation_accuracy=tuple((1 - held_out / 2).tolist()),
    )


def make_trials(numbers: tuple[int, ...], correct: np.ndarray, folds: np.ndarray) -> tuple[Trial, ...]:
    rng = np.random.default_rng(1)
    trials = []
    for number in range(max(numbers) + 3):
        params = {
            "encoding": "amino_acid" if number % 3 == 0 else "codon",
            "hidden_size": 62 if number == 0 else int(rng.integers(16, 128)),
            "layers": 2 if number % 2 == 0 else 1,
            "dropout": float(rng.uniform(0, 0.5)),
            "pooling": ("last", "mean", "max")[number % 3],
            "learning_rate": float(10 ** rng.uniform(-4, -2)),
        }
        common = {"number": number, "params": params, "seconds": 62.0, "network_parameters": 10_000 + number}
        if number in numbers:
            column = correct[:, numbers.index(number)]
            accuracies = tuple(float(column[folds == k].mean()) for k in range(5))
            trials.append(Trial(state="COMPLETE", fold_accuracies=accuracies, chosen_epoch=11, **common))
        elif number % 7 == 4:
            trials.append(
                Trial(state="FAIL", fold_accuracies=(), chosen_epoch=None, reason="The loss is nan.", **common)
            )
        else:
            trials.append(Trial(state="PRUNED", fold_accuracies=(0.78, 0.8), chosen_epoch=9, **common))
    return tuple(trials)


def make_evidence(
    *, accuracy: float = 0.93, baseline: float = 0.75, test_accuracy: float = 0.92, rows: int = 500, **changes: Any
) -> Evidence:
    """A synthetic study of 500 development and 200 test rows."""
    rng = np.random.default_rng(7)
    labels, test_labels = rng.random(rows) < 0.5, rng.random(200) < 0.5
    development = Development(labels=labels, groups=np.arange(rows) // 2 * 2, folds=np.arange(rows) // 2 % 5)
    test = TestSet(
        labels=test_labels,
        probabilities=guess(test_labels, test_accuracy, rng).astype(np.float32),
        unseen=np.arange(200) % 4 > 0,
        lengths=rng.integers(40, 300, 200),
        groups=np.arange(200),
    )
    numbers = (0, 1, 2, 3, 6, 8, 9, 10, 12, 15)
    columns = [guess(labels, 0.78 if n == 0 else accuracy - 0.008 * (n % 5), rng) for n in numbers]
    correct = np.stack([(column >= 0.5) == labels for column in columns], axis=1)
    trials = make_trials(numbers, correct, development.folds)
    best = max((t for t in trials if t.state == "COMPLETE"), key=lambda trial: trial.mean or 0)
    evidence = Evidence(
        study="synthetic genes",
        created="2026-01-01T10:00:00Z",
        finished="2026-01-01T11:00:00Z",
        effort=Effort(budget=len(trials), folds_trained=62, folds_saved=24, seconds=3720.0, workers=2),
        contract=Contract(
            fingerprint="ab" * 32,
            folds=5,
            test_size=0.2,
            seed=3,
            duplicates="together",
            encodings=("amino_acid", "codon"),
            genetic_code=11,
            max_epochs=30,
            patience=10,
            sampler="tpe",
            pruner="paired",
            class_weights=True,
            space={"hidden_size": "16 to 128, log", "pooling": "last, mean, max"},
            versions={"hpo": "0.1.0", "torch": "2.13.0"},
        ),
        data=DataSummary(
            source="genes.csv",
            alphabet="dna",
            rows=rows + 200,
            resistant=int(labels.sum() + test_labels.sum()),
            shortest=120,
            median=700,
            longest=910,
            ambiguous_letters=12,
            early_stops=44,
            encodings=(
                EncodingSummary(
                    encoding="amino_acid",
                    distinct=410,
                    duplicate_rows=290,
                    contradictory_rows=21,
                    commonest=33,
                    ceiling=0.986,
                    shortest=40,
                    median=233,
                    longest=303,
                ),
                EncodingSummary(
                    encoding="codon",
                    distinct=700,
                    duplicate_rows=0,
                    contradictory_rows=0,
                    commonest=1,
                    ceiling=1.0,
                    shortest=40,
                    median=233,
                    longest=303,
                ),
            ),
        ),
        trials=trials,
        winner=Winner(
            number=best.number,
            params=best.params,
            chosen_epoch=11,
            fold_curves=tuple(make_curves(rng) for _ in range(5)),
            probabilities=columns[numbers.index(best.number)],
            layers=(
                Layer(name="Tokens", output="T", parameters=0),
                Layer(name="Embedding", output="T × 50", parameters=1150),
                Layer(name="BiLSTM 1", output="T × 124", parameters=56_544, note="dropout 0.18"),
                Layer(name="BiLSTM 2", output="T × 124", parameters=93_248, note="dropout 0.18"),
                Layer(name="Mean over tokens", output="124", parameters=0),
                Layer(name="Sigmoid unit", output="1", parameters=125),
            ),
        ),
        development=development,
        out_of_fold=OutOfFold(numbers=numbers, correct=correct),
        final=FinalModel(epochs=11, curves=make_curves(rng, 11), seconds=60.0),
        test_rows=200,
        test_openings=("2026-01-01T11:00:00Z",),
        test=test,
        original=Original(
            number=0,
            params=trials[0].params,
            fold_accuracies=trials[0].fold_accuracies,
            test_probabilities=guess(test_labels, 0.76, rng),
        ),
        baselines=(
            as_baseline("majority", 0.5, development, test, rng),
            as_baseline("identical_sequence", 0.55, development, test, rng),
            as_baseline("logistic_regression", baseline, development, test, rng),
        ),
        importances={"encoding": 0.5, "hidden_size": 0.3, "dropout": 0.2},
        positions=PositionEffects(
            effect=np.where(np.arange(80) % 5, rng.random(80) ** 6, 0),
            tried=np.arange(80) % 5 > 0,
            commonest=("K",) * 80,
            encoding="amino_acid",
            genes=32,
            mutants=4100,
            of_test=True,
        ),
    )
    return replace(evidence, **changes)


def test_a_simpler_trial_and_an_ensemble_are_told() -> None:
    evidence = make_evidence()
    best = evidence.winner.number
    chosen = replace(evidence.winner, number=0, instead_of=best)
    said = say(changed := replace(evidence, winner=chosen, final=replace(evidence.final, networks=3)), derive(changed))
    assert said.architecture.startswith("Trial 0 was preferred as the simplest")
    assert f"trial {best} (CV" in said.architecture
    assert "3 networks" in said.epochs
    result = build_result(changed, derive(changed))
    assert (result["best_trial"]["preferred_to"], result["best_trial"]["networks"]) == (best, 3)
    cv, cv_of_best = result["cv"], build_result(evidence, derive(evidence))["cv"]
    assert cv["mean"] == pytest.approx(np.mean(evidence.trials[0].fold_accuracies))
    correction = cv_of_best["corrected_mean"] - cv_of_best["mean"]
    assert cv["corrected_mean"] - cv["mean"] == pytest.approx(correction)
    assert correction < 0


def test_a_lookup_that_is_better_is_no_advice_for_new_sequences() -> None:
    evidence = make_evidence()
    assert evidence.test is not None
    labels, known = evidence.development.labels, evidence.test.labels
    lookup = Baseline("identical_sequence", (1.0,) * 5, labels.astype(float), known.astype(float), 1.0)
    changed = replace(evidence, baselines=(lookup,))
    findings = {found.title: found for found in say(changed, derive(changed)).findings}
    finding = findings["A plain baseline is better"]
    assert "known sequences only" in finding.text
    assert "Use that" not in finding.text


def test_seen_sequences_are_no_new_genes() -> None:
    evidence = make_evidence()
    assert evidence.test is not None
    said = say(evidence, derive(evidence)).headline
    assert "as common as these" in said.label
    assert "50 of them have a sequence" in said.detail
    unseen = replace(evidence, test=replace(evidence.test, unseen=np.ones(200, dtype=bool)))
    assert say(unseen, derive(unseen)).headline.label == "expected accuracy on new genes"


def test_positions_are_told_and_counted_from_one() -> None:
    evidence = make_evidence()
    assert evidence.positions is not None
    top = build_result(evidence, derive(evidence))["positions"]["top"]
    assert top[0] == int(np.argmax(evidence.positions.effect)) + 1
    said = say(evidence, derive(evidence)).positions
    assert f"The largest effects are at {top[0]} K," in said
    assert "16 positions could not be tried" in said


def test_a_report_without_a_test_that_was_opened_before_says_so() -> None:
    evidence = replace(sealed(make_evidence()), test_openings=("2026-01-01T10:00:00+00:00",) * 2)
    headline = say(evidence, derive(evidence)).headline
    assert "opened 2 times before" in headline.detail
    assert "still sealed" not in headline.detail


def sealed(evidence: Evidence) -> Evidence:
    closed = tuple(replace(baseline, test_probabilities=None, test_accuracy=None) for baseline in evidence.baselines)
    assert evidence.original is not None
    original = replace(evidence.original, test_probabilities=None)
    return replace(evidence, test=None, test_openings=(), baselines=closed, original=original)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return make_evidence()


@pytest.fixture(scope="module")
def written(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "new folder"
    (folder / "plots").mkdir(parents=True)
    (folder / "plots" / "of_an_earlier_report.png").touch()
    (folder / "result.json").write_text("{}")
    result = write_report(evidence, folder)
    assert json.loads((folder / "result.json").read_text()) == result
    return folder


@pytest.fixture(scope="module")
def result(written: Path) -> dict[str, Any]:
    return json.loads((written / "result.json").read_text())


def said(evidence: Evidence) -> dict[str, str]:
    return {finding.title: finding.text for finding in say(evidence, derive(evidence)).findings}


def test_result_has_every_promised_key(result: dict[str, Any]) -> None:
    promised = {
        "best_trial": {"number", "params"},
        "cv": {"fold_accuracies", "mean", "std", "interval95", "corrected_mean"},
        "test": {"accuracy", "interval95", "loss", "n", "confusion"},
        "baselines": {"majority", "logistic_regression", "original_configuration"},
        "trials": {"complete", "pruned", "failed", "budget"},
        "data": {"fingerprint", "development", "test"},
    }
    assert {"study", "gap", "folds_trained", "test_openings", *promised} <= set(result)
    for key, inner in promised.items():
        assert inner <= set(result[key]), key
    for baseline in result["baselines"].values():
        assert {"cv", "test"} <= set(baseline)
    assert len(result["cv"]["fold_accuracies"]) == 5


def test_figures_recompute_from_the_evidence(evidence: Evidence, result: dict[str, Any]) -> None:
    assert evidence.test is not None
    called = evidence.test.probabilities >= 0.5
    (tn, fp), (fn, tp) = result["test"]["confusion"]
    assert tp == int((called & evidence.test.labels).sum())
    assert fp == int((called & ~evidence.test.labels).sum())
    assert tn + fp + fn + tp == result["test"]["n"] == 200
    assert result["test"]["accuracy"] == (tn + tp) / 200
    interval = wilson((tn + tp) / 200, 200)
    assert result["test"]["interval95"] == pytest.approx([interval.low, interval.high])
    assert result["cv"]["mean"] == pytest.approx(np.mean(result["cv"]["fold_accuracies"]))
    assert result["cv"]["std"] == pytest.approx(np.std(result["cv"]["fold_accuracies"], ddof=1))
    assert result["gap"] == pytest.approx(result["cv"]["mean"] - result["test"]["accuracy"])
    assert result["cv"]["corrected_mean"] < result["cv"]["mean"]
    winner = next(t for t in evidence.trials if t.number == result["best_trial"]["number"])
    assert result["cv"]["fold_accuracies"] == pytest.approx(winner.fold_accuracies)
    assert result["trials"] == {"complete": 10, "pruned": 6, "failed": 2, "budget": 18}
    assert result["test_openings"] == 1


def test_a_sealed_test_set_stays_out_of_every_file(evidence: Evidence, tmp_path: Path) -> None:
    result = write_report(sealed(evidence), tmp_path)
    assert result["test"] is None
    assert result["gap"] is None
    assert result["test_openings"] == 0
    assert all(baseline["test"] is None for baseline in result["baselines"].values())
    assert "still sealed" in (tmp_path / "report.html").read_text()
    assert "still sealed" in (tmp_path / "report.md").read_text()


def test_numbers_json_lacks_become_null(evidence: Evidence) -> None:
    params = {**evidence.winner.params, "dropout": float("nan"), "hidden_size": np.int64(3)}
    odd = replace(evidence, winner=replace(evidence.winner, params=params))
    text = json.dumps(build_result(odd, derive(odd)), allow_nan=False)
    assert json.loads(text)["best_trial"]["params"]["dropout"] is None
    assert json.loads(text)["best_trial"]["params"]["hidden_size"] == 3


def test_an_earlier_report_leaves_nothing_behind(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == [
        "plots",
        "report.html",
        "report.md",
        "result.json",
    ]
    assert (written / "plots" / "positions.png").read_bytes().startswith(b"\x89PNG")
    assert not (written / "plots" / "of_an_earlier_report.png").exists()


class Links(HTMLParser):
    """Collects everything that a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name.split(":")[-1] in ("href", "src")]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def parse(page: str) -> Links:
    links = Links()
    links.feed(page)
    return links


def test_the_page_is_self_contained(written: Path) -> None:
    page = (written / "report.html").read_text()
    links = parse(page)
    assert not {"script", "link", "iframe", "img", "object"} & set(links.tags)
    assert links.targets
    assert all(target.startswith("#") for target in links.targets)
    assert len(links.ids) == len(set(links.ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(links.ids)
    assert not re.search(r"@import|url\(['\"]?(?!#)", page)
    assert links.tags.count("svg") == len(list((written / "plots").glob("*.png")))


def test_markdown_pictures_exist(written: Path) -> None:
    pictures = re.findall(r"\]\((plots/[^)]+)\)", (written / "report.md").read_text())
    assert len(pictures) == len(list((written / "plots").glob("*.png")))
    assert all((written / picture).exists() for picture in pictures)


def test_hostile_names_are_only_text(evidence: Evidence, tmp_path: Path) -> None:
    trials = tuple(replace(t, reason=HOSTILE, params={HOSTILE: HOSTILE, **t.params}) for t in evidence.trials)
    layers = (replace(evidence.winner.layers[0], name=HOSTILE, note="$\\frac{1}$"), *evidence.winner.layers[1:])
    hostile = replace(
        evidence,
        study=HOSTILE + "\n# $x$",
        trials=trials,
        winner=replace(evidence.winner, params={HOSTILE: HOSTILE, **evidence.winner.params}, layers=layers),
        data=replace(evidence.data, source=HOSTILE, warnings=(HOSTILE,)),
        importances={HOSTILE: 1.0},
    )
    write_report(hostile, tmp_path)
    links = parse((tmp_path / "report.html").read_text())
    assert not {"script", "img"} & set(links.tags)
    for text in ((tmp_path / "report.md").read_text(), summary_note(hostile, {"network": "/a"})):
        assert "<script" not in text
        assert "<img" not in text
    assert (tmp_path / "report.md").read_text().startswith("# &lt;script>alert(1)&lt;/script>")


def test_markdown_is_harmless_and_still_read_as_text() -> None:
    assert markdown_text("p < 0.001, A&B, 1<=2") == "p < 0.001, A&B, 1<=2"
    for hostile in ("<b", "</b", "<!--", "<?x", "&lt;", "&#60;"):
        assert markdown_text(hostile) != hostile


def test_the_note_says_the_headline(evidence: Evidence, result: dict[str, Any]) -> None:
    note = summary_note(evidence, {"positions": "/artifacts/1/ab", "calibration": "/artifacts/1/cd"})
    assert f"{100 * result['test']['accuracy']:.1f}" in note.splitlines()[0]
    assert "](/artifacts/1/ab)" in note
    assert "/artifacts/1/cd" not in note


def test_words_follow_the_baseline(evidence: Evidence) -> None:
    assert "Better than every plain baseline" in said(evidence)
    equal = said(make_evidence(baseline=0.925))
    assert "A plain baseline is as good" in equal
    assert "logistic regression" in equal["A plain baseline is as good"]
    assert "A plain baseline is better" in said(make_evidence(baseline=0.995))


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
    return replace(evidence, test=test, baselines=tuple(baselines), original=None)


def test_copies_of_one_sequence_are_one_witness() -> None:
    evidence = repeated(make_evidence(baseline=0.925), 100)
    answer = derive(evidence)
    duel = next(rival for rival in answer.rivals if rival.name == "logistic_regression").test_duel
    assert duel is not None
    assert duel.rows.differs
    assert not duel.cases.differs
    assert (duel.rows.n, duel.cases.n) == (300, 200)
    words = said(evidence)
    assert "copies of a few sequences" in words["A plain baseline is as good"]
    assert "with 101 copies, accounts for 101 of the" in words["Copies of few sequences weigh on the test"]
    assert answer.test is not None
    assert answer.test.copies.sequences == 200
    assert answer.test.copies.accuracy == pytest.approx(0.92, abs=0.05)
    assert "200 different sequences" in say(evidence, answer).headline.detail


def test_words_follow_the_gap() -> None:
    assert "Cross-validation and test agree" in said(make_evidence())
    assert "Cross-validation promised too much" in said(make_evidence(test_accuracy=0.75))
    assert "The test came out better than cross-validation" in said(make_evidence(test_accuracy=1.0))


def test_words_follow_the_openings_of_the_test_set(evidence: Evidence) -> None:
    assert not any("opened" in title for title in said(evidence))
    again = said(replace(evidence, test_openings=("2026-01-01", "2026-01-02", "2026-01-03")))
    assert next(iter(again)) == "The test set has been opened 3 times"


def test_words_follow_the_tuning(evidence: Evidence) -> None:
    assert "Tuning was worth it" in said(evidence)
    assert evidence.original is not None
    won = replace(evidence, original=replace(evidence.original, number=evidence.winner.number))
    assert "Tuning found nothing better" in said(won)
    needless = said(make_evidence(baseline=0.925))
    assert "Tuning was worth it" not in needless
    assert "not needed" in needless["Tuning helped the network, not the answer"]
    guessing = said(make_evidence(accuracy=0.55, test_accuracy=0.5))
    assert "No better than guessing" in guessing


def test_words_follow_the_data(evidence: Evidence) -> None:
    def met(data: DataSummary, duplicates: str = "together") -> set[str]:
        changed = replace(evidence, data=data, contract=dataclasses.replace(evidence.contract, duplicates=duplicates))
        return {finding.title for finding in say(changed, derive(changed)).challenges}

    data = evidence.data
    assert met(data) == {
        "Balanced classes",
        "Ambiguous letters",
        "Early stops",
        "Unequal lengths",
        "Duplicates",
        "Contradictory labels",
    }
    clean = replace(data.encodings[1], encoding="amino_acid")
    plain = replace(data, ambiguous_letters=0, early_stops=0, shortest=900, encodings=(clean,), resistant=70)
    assert met(plain) == {"Unequal classes"}
    common = replace(data.encodings[0], commonest=430)
    assert "One sequence dominates" in met(replace(data, encodings=(common,)), "spread")


def test_words_explain_the_architecture(evidence: Evidence) -> None:
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
    short = replace(evidence, contract=replace(evidence.contract, max_epochs=11))
    assert "the most that was allowed" in say(short, derive(short)).epochs


def test_a_study_of_one_trial_reports(tmp_path: Path, evidence: Evidence) -> None:
    only = next(t for t in evidence.trials if t.number == 0)
    column = evidence.out_of_fold.correct[:, :1]
    labels = evidence.development.labels
    alone = replace(
        evidence,
        trials=(only,),
        winner=replace(
            evidence.winner,
            number=0,
            params=only.params,
            probabilities=np.where(column[:, 0] == labels, 0.9, 0.1),
        ),
        out_of_fold=OutOfFold(numbers=(0,), correct=column),
        baselines=(),
        importances={},
        positions=None,
    )
    result = write_report(alone, tmp_path)
    assert result["cv"]["corrected_mean"] == pytest.approx(result["cv"]["mean"])
    assert result["baselines"]["majority"] == {"cv": None, "test": None}
    assert result["tied_with_best"] == []
