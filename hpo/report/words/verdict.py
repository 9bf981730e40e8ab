"""The answer in sentences: what to expect, and what to know about it, most important first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from hpo.report.evidence import Evidence
from hpo.report.statistics import Statistics, Tested
from hpo.report.words import baselines, objective, tested
from hpo.report.words.key_point import KeyPoint
from hpo.report.words.names import percent, plural, span, spoken, value
from model.encoding import Encoding, whole_encoding

_NEAR = 0.02  # a bound is news for the first screen where accuracy comes this close to it
_COPIED = 0.9  # a test set with fewer different sequences per gene than this is said to hold copies


@dataclass(frozen=True)
class Headline:
    """The first lines of the report."""

    figure: str  #: "94.8 %"
    label: str
    detail: str


def headline(evidence: Evidence, statistics: Statistics) -> Headline:
    """States the expected accuracy: the test's where the test set is open, else the corrected CV's."""
    if statistics.test is None:
        corrected = statistics.cv.corrected
        return Headline(
            percent(corrected.corrected_mean),
            "expected accuracy on new genes, from cross-validation alone",
            f"95 % interval {span(corrected.interval)}, corrected for the choice among "
            f"{plural(corrected.configurations, 'complete trial')}. {_sealed(evidence)}",
        )
    return Headline(
        percent(statistics.test.measured.rates.accuracy),
        "expected accuracy on new genes"
        if statistics.test.seen is None
        else "expected accuracy on genes as common as these",
        f"95 % interval {span(statistics.test.interval)}, measured on {_tested_on(statistics.test)} "
        f"{_whether_seen(statistics.test)}",
    )


def _tested_on(test: Tested) -> str:
    genes, sequences = plural(test.measured.n, "gene"), test.copies.sequences
    if sequences > _COPIED * test.measured.n:
        return genes
    return f"{genes} ({plural(sequences, 'different sequence')})"


def _whether_seen(test: Tested) -> str:
    if test.seen is None:
        return "that the search never saw."
    return f"sealed from the search; {test.seen.n:,} of them have a sequence that it met in other genes."


def key_points(evidence: Evidence, statistics: Statistics) -> Sequence[KeyPoint]:
    """Says everything that belongs on the first screen, most important first: the first is the verdict."""
    found = [
        baselines.against_majority(statistics),
        baselines.against_plain(statistics),
        objective.searched_by(statistics),
        _seal(evidence),
        tested.against_cv(statistics),
        tested.copies(evidence, statistics.test),
        baselines.tuning(evidence, statistics),
        _bound(evidence, statistics),
        tested.new_sequences(statistics.test),
    ]
    return [point for point in found if point is not None]


def _sealed(evidence: Evidence) -> str:
    """Says what became of the test set where this report does not use it."""
    rows, openings = plural(evidence.contract.data.test.rows, "gene"), len(evidence.test_openings)
    if not openings:
        return f"The test set ({rows}) is still sealed."
    return f"This report does not use the test set ({rows}), which was opened {plural(openings, 'time')} before."


def _seal(evidence: Evidence) -> KeyPoint | None:
    openings = len(evidence.test_openings)
    if openings < 2 or evidence.test is None:
        return None
    return KeyPoint(
        "caution",
        f"The test set has been opened {openings} times",
        "Whoever chooses after having seen the test accuracy makes it too good to be true. "
        "Only the first opening was a fair test.",
    )


def _bound(evidence: Evidence, statistics: Statistics) -> KeyPoint | None:
    """Says so where little is left to gain."""
    # A gene's mutations say no more than its letters do.
    encoding = whole_encoding(cast(Encoding, evidence.chosen.params.get("encoding")))
    summary = next((found for found in evidence.data.encodings if found.encoding == encoding), None)
    cv, test = statistics.cv, statistics.test
    accuracy = cv.corrected.corrected_mean if test is None else test.measured.rates.accuracy
    if summary is None or not summary.contradictory_rows or summary.ceiling - accuracy > _NEAR:
        return None
    text = (
        "Genes with the very same sequence carry opposite labels. Nobody who sees only the sequence can be right for "
        f"more than {percent(summary.ceiling)} of these genes."
    )
    if accuracy > summary.ceiling:
        text += f" Of the genes that were measured ({percent(accuracy)} right) a smaller share is of this kind."
    return KeyPoint("plain", "Little is left to gain", text)


def chosen_trial(evidence: Evidence) -> str:
    """Names the chosen trial, and the best trial where a simpler one was preferred to it."""
    best = evidence.instead_of
    if best is None:
        return str(evidence.chosen.number)
    return f"{evidence.chosen.number} (the simplest of those that cannot be told from the best, trial {best.number})"


def chosen_params(evidence: Evidence) -> str:
    """Lists the chosen trial's hyperparameters in one line."""
    return ", ".join(f"{spoken(name)} {value(raw)}" for name, raw in evidence.chosen.params.items())
