"""The answer in sentences: what to expect, CV against test, plain baselines, whether tuning was worth it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hpo.evaluation.comparison import Gap
from hpo.report.answer import Answer, Rival, Tested
from hpo.report.evidence import Evidence
from hpo.report.words.names import RIVALS, p_value, percent, plural, points, signed_span, span, spoken, value

_HIGH_CEILING = 0.99  # a ceiling above it is no news for the first screen; the data section has it
Tone = Literal["good", "plain", "caution"]


@dataclass(frozen=True)
class Finding:
    """One thing that the reader should take home."""

    tone: Tone
    title: str
    text: str


@dataclass(frozen=True)
class Headline:
    """The first lines of the report."""

    figure: str  #: "94.8 %"
    label: str
    detail: str


def headline(evidence: Evidence, answer: Answer) -> Headline:
    """State the expected accuracy: the test's where the test set is open, else the corrected CV's."""
    if answer.test is None:
        corrected = answer.cv.corrected
        return Headline(
            percent(corrected.corrected_mean),
            "expected accuracy on new genes, from cross-validation alone",
            f"95 % interval {span(corrected.interval)}, corrected for the choice among "
            f"{plural(corrected.configurations, 'complete trial')}. {_sealed(evidence)}",
        )
    return Headline(
        percent(answer.test.measured.rates.accuracy),
        "expected accuracy on new genes"
        if answer.test.seen is None
        else "expected accuracy on genes as common as these",
        f"95 % interval {span(answer.test.interval)}, measured on {plural(answer.test.measured.n, 'gene')} "
        f"{_whether_seen(answer.test)}",
    )


def _whether_seen(test: Tested) -> str:
    if test.seen is None:
        return "that the search never saw."
    return f"sealed from the search; {test.seen.n:,} of them have a sequence that it met in other genes."


def findings(evidence: Evidence, answer: Answer) -> Sequence[Finding]:
    """Say everything that belongs on the first screen, most important first."""
    found = [
        _seal(evidence),
        _against_majority(answer),
        _against_plain(answer),
        _gap(answer),
        _tuning(evidence, answer),
        _ceiling(evidence),
        _unseen(answer.test),
    ]
    return [finding for finding in found if finding is not None]


def _sealed(evidence: Evidence) -> str:
    """Say what became of the test set where this report does not use it."""
    rows, openings = plural(evidence.test_rows, "gene"), len(evidence.test_openings)
    if not openings:
        return f"The test set ({rows}) is still sealed."
    return f"This report does not use the test set ({rows}), which was opened {plural(openings, 'time')} before."


def _seal(evidence: Evidence) -> Finding | None:
    openings = len(evidence.test_openings)
    if openings < 2 or evidence.test is None:
        return None
    return Finding(
        "caution",
        f"The test set has been opened {openings} times",
        "Whoever chooses after having seen the test accuracy makes it too good to be true. "
        "Only the first opening was a fair test.",
    )


def _against_majority(answer: Answer) -> Finding | None:
    majority = answer.rival("majority")
    if majority is None or majority.paired is None or _beats(majority):
        return None
    return Finding(
        "caution",
        "No better than guessing",
        f"Always saying the commoner class is right for {percent(_score(majority))}: the network has not "
        "learnt anything that can be told from chance.",
    )


def _against_plain(answer: Answer) -> Finding | None:
    rival = answer.best_plain()
    if rival is None or rival.paired is None:
        return None
    name, score = RIVALS[rival.name].long, percent(_score(rival))
    own = percent(_own_score(answer, rival))
    where = "on the test set" if rival.test is not None else "in cross-validation"
    compared = f"{where} {own} against {score}, {p_value(rival.paired.p_value)}"
    if _beats(rival):
        text = f"The best plain baseline is {name}: {compared}."
        return Finding("good", "Better than every plain baseline", text)
    if rival.paired.differs:
        text = f"{_capital(name)} is better by more than chance: {compared}. {_advice(rival)}"
        return Finding("caution", "A plain baseline is better", text)
    text = f"{_capital(name)} cannot be told from the network: {compared}.{_cv_says(answer, rival)}"
    return Finding("caution", "A plain baseline is as good", text)


def _advice(rival: Rival) -> str:
    if rival.name == "identical_sequence":
        return "It knows known sequences only: for a new one it says the commoner class."
    return "Use that."


def _cv_says(answer: Answer, rival: Rival) -> str:
    """Add what the more numerous development rows say, where the test rows cannot decide."""
    paired = rival.cv_paired
    if rival.test is None or paired is None or not paired.differs:
        return ""
    better = "network" if paired.only_first_right > paired.only_second_right else "baseline"
    return (
        f" In cross-validation the {better} is ahead ({percent(answer.cv.mean)} against {percent(rival.cv)}, "
        f"{p_value(paired.p_value)})."
    )


def _gap(answer: Answer) -> Finding | None:
    if answer.test is None:
        return None
    gap, corrected, accuracy = answer.test.gap, answer.test.corrected_gap, answer.test.measured.rates.accuracy
    text = (
        f"Cross-validation {percent(answer.cv.mean)}, corrected {percent(answer.cv.corrected.corrected_mean)}, "
        f"test {percent(accuracy)}: the test is {points(gap.difference)} "
        f"{'lower' if gap.difference > 0 else 'higher'} than CV (95 % interval of CV minus test "
        f"{signed_span(gap.interval)}). "
    )
    return _judged(gap, corrected, text)


def _judged(gap: Gap, corrected: Gap, text: str) -> Finding:
    if not gap.is_more_than_noise:
        return Finding("good", "Cross-validation and test agree", text + "That is within the noise.")
    if gap.difference < 0:
        text += "That is more than noise: the test genes are easier than the development genes, or by luck."
        return Finding("caution", "The test came out better than cross-validation", text)
    if not corrected.is_more_than_noise:
        text += "That is more than noise, but choosing the best of many trials explains it: corrected, they agree."
        return Finding("plain", "Cross-validation was flattered by the choice among trials", text)
    text += "That is more than noise, and more than the choice among trials explains: trust the test."
    return Finding("caution", "Cross-validation promised too much", text)


def _tuning(evidence: Evidence, answer: Answer) -> Finding | None:
    original, winner = answer.rival("original_configuration"), evidence.winner
    if evidence.original is not None and winner.number == evidence.original.number:
        text = f"None of {plural(len(evidence.trials), 'trial')} was better than the original's configuration."
        return Finding("plain", "Tuning found nothing better", text)
    if original is None:
        return None
    text = f"Cross-validation {percent(answer.cv.mean)} against {percent(original.cv)} of the original"
    if original.test is not None:
        text += f", test {percent(_own_score(answer, original))} against {percent(original.test)}"
    verdict = f" ({p_value(original.paired.p_value)})." if original.paired else "."
    if _beats(original):
        return Finding("good", "Tuning was worth it", text + verdict)
    if original.paired and original.paired.differs:
        return Finding("caution", "The original's configuration is better", text + verdict)
    text += verdict + " That is no more than chance."
    return Finding("plain", "Tuning gained little", text)


def _ceiling(evidence: Evidence) -> Finding | None:
    encoding = evidence.winner.params.get("encoding")
    summary = next((found for found in evidence.data.encodings if found.encoding == encoding), None)
    if summary is None or summary.ceiling > _HIGH_CEILING:
        return None
    text = (
        "Identical sequences carry contradictory labels, so no classifier of these sequences can be right for "
        f"more than {percent(summary.ceiling)}."
    )
    return Finding("plain", f"The ceiling is {percent(summary.ceiling)}", text)


def _unseen(test: Tested | None) -> Finding | None:
    if test is None or test.unseen is None or test.seen is None:
        return None
    unseen, seen = test.unseen, test.seen
    far = not unseen.interval.contains(seen.accuracy)
    text = (
        f"Sequences never seen in development: {percent(unseen.accuracy)} right ({plural(unseen.n, 'gene')}, 95 % "
        f"interval {span(unseen.interval)}); sequences also in development: {percent(seen.accuracy)} "
        f"({plural(seen.n, 'gene')})."
    )
    return Finding("caution" if far else "plain", "New sequences", text)


def _beats(rival: Rival) -> bool:
    """Whether the winner is better by more than chance."""
    paired = rival.paired
    return paired is not None and paired.differs and paired.only_first_right > paired.only_second_right


def _score(rival: Rival) -> float:
    return rival.cv if rival.test is None else rival.test


def _own_score(answer: Answer, rival: Rival) -> float:
    """The winner's score on the rows that the rival's counts on."""
    return answer.cv.mean if rival.test is None or answer.test is None else answer.test.measured.rates.accuracy


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def winning_params(evidence: Evidence) -> str:
    """List the winner's hyperparameters in one line."""
    return ", ".join(f"{spoken(name)} {value(raw)}" for name, raw in evidence.winner.params.items())
