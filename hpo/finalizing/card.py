"""The model card: what people should know before they use the model. It travels in the model's folder.

It stands there twice: for programs in `config.json`, and for people in `README.md`, which is made from it and which
nothing reads back.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo.choices import Objective
from hpo.evaluation.intervals import Interval
from hpo.objectives import NAMES
from hpo.report.baseline_comparison import NETWORK
from hpo.report.files import CARD
from hpo.report.rendering import markdown_text
from hpo.report.words.names import BASELINES, CORRECTED, CROSS_VALIDATION, TEST, percent, plural, span, spoken, value
from hpo.terminal import moment

INTENDED_USE = (
    "Research: predict resistance to one drug from variants of one gene, for genes like those of the study. "
    "Not for decisions about patients."
)


def model_card(result: dict[str, Any]) -> dict[str, Any]:
    """Writes the card.

    Args:
        result: What `result.json` holds.
    """
    return {
        "intended_use": INTENDED_USE,
        "limits": _limits(result),
        "study": result["study"],
        "finished": result["finished"],
        "objective": result["objective"],
        "trial": result["best_trial"],
        "blend": result["blend"],
        "data": result["data"],
        "cv": result["cv"],
        "test": result["test"],
        "test_openings": result["test_openings"],
        "baselines": {
            name: {key: baseline[key] for key in ("cv", "test", "folds") if key in baseline}
            for name, baseline in result["baselines"].items()
        },
    }


def write_card(card: dict[str, Any], folder: Path) -> None:
    """Writes the card for people, beside the model that it belongs to."""
    (folder / CARD).write_text(card_in_words(card), encoding="utf-8")


def card_in_words(card: dict[str, Any]) -> str:
    """Returns the card as a page of Markdown."""
    trial, data = card["trial"], card["data"]
    params = ", ".join(f"{spoken(name)} {value(raw)}" for name, raw in trial["params"].items())
    lines = [
        f"# Model card: {markdown_text(card['study'])}",
        "",
        f"**Intended use.** {card['intended_use']}",
        "",
        "## Figures",
        "",
        "| | accuracy | 95 % interval |",
        "|---|---|---|",
        *_figures(card),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
        "## Origin",
        "",
        f"- Data: SHA-256 {data['fingerprint']}; {data['development']:,} genes for development, {data['test']:,} for "
        f"the test, {data['resistant']:,} of {'all' if card['test'] else 'those for development'} resistant",
        f"- Network: trial {trial['number']} of the study: {markdown_text(params)}",
        *_objective(card["objective"]["name"]),
        *_blend(card["blend"]),
        f"- Trained for {plural(trial['epochs'], 'epoch')}, {plural(trial['networks'], 'network')}; finished "
        f"{moment(card['finished'])}",
        f"- Test set opened: {plural(card['test_openings'], 'time')}",
    ]
    return "\n".join(lines) + "\n"


def _objective(name: Objective) -> list[str]:
    return [] if name == "accuracy" else [f"- Trials were compared by {NAMES[name]}, and the best was chosen by it"]


def _blend(picked: list[dict[str, Any]]) -> list[str]:
    each = ", ".join(f"{one['networks']} of trial {one['trial']}" for one in picked)
    return [f"- Blend: the probabilities of its networks are averaged: {each}"] if picked else []


def _figures(card: dict[str, Any]) -> list[str]:
    cv, test = card["cv"], card["test"]
    rows = [
        (TEST, test["accuracy"], test["interval95"]) if test else None,
        (CORRECTED, cv["corrected_mean"], cv["interval95"]),
        (CROSS_VALIDATION, cv["mean"], cv["naive_interval95"]),
        *((_spoken(name, baseline), _score(baseline), None) for name, baseline in card["baselines"].items()),
    ]
    return [
        f"| {name} | {percent(score)} | {span(Interval(*interval)) if interval else ''} |"
        for name, score, interval in filter(None, rows)
        if score is not None
    ]


def _spoken(name: str, baseline: dict[str, Any]) -> str:
    if baseline.get("folds") == 1:
        return f"{BASELINES[name].short}, one fold of cross-validation"
    return f"{BASELINES[name].short}, {'cross-validation' if baseline['test'] is None else 'test'}"


def _score(baseline: dict[str, Any]) -> float | None:
    score: float | None = baseline["cv"] if baseline["test"] is None else baseline["test"]
    return score


def _limits(result: dict[str, Any]) -> list[str]:
    test = result["test"]
    limits = [
        *_verdict(result.get("verdict")),
        "It knows the variants of one gene and one drug; another gene or drug gets an answer that means nothing.",
        "A letter that no training gene had at its position is a guess, and so is a gene much longer than those.",
        "A call is a probability above one half. Where mistakes cost differently, choose another threshold.",
        "It says what goes with resistance in these data. Causes are for the laboratory.",
    ]
    if test is None:
        return [*limits, "Its accuracy is from cross-validation alone: the test set was not used."]
    if test["seen_sequences"] is not None:
        limits.append(
            "Most accuracy figures are for sequences as common as in the data; for new sequences see "
            "test.unseen_sequences in config.json."
        )
    if result["test_openings"] > 1:
        limits.append(f"The test set was opened {result['test_openings']} times; only the first was a fair test.")
    return limits


def _verdict(verdict: Mapping[str, Any] | None) -> list[str]:
    """Says what the report says first, where that is not that the network is to be used."""
    if verdict is None or verdict["use"] == NETWORK:
        return []
    said, use = f"{verdict['title']}. {verdict['text']}", verdict["use"]
    return [said if use is None else f"{said} {BASELINES[use].short} is kept here too: hpo predict --with best."]
