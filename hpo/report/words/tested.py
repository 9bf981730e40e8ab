"""The test set in sentences: whether it agrees with cross-validation, and what its copies and new sequences say."""

from hpo.evaluation.comparison import Gap
from hpo.report.evidence import Evidence
from hpo.report.statistics import Statistics, Tested
from hpo.report.words.key_point import KeyPoint
from hpo.report.words.names import percent, plural, points, signed_span, span

_APART = 0.05  # an accuracy by sequence that is this far from that by gene is news


def against_cv(statistics: Statistics) -> KeyPoint | None:
    """Sets cross-validation and test side by side, and says whether they differ by more than noise."""
    cv, test = statistics.cv, statistics.test
    if test is None:
        return None
    where = "Cross-validation" if statistics.by_objective is None else "Accuracy in cross-validation"
    text = (
        f"{where} {percent(cv.mean)}, corrected {percent(cv.corrected.corrected_mean)}, "
        f"test {percent(test.measured.rates.accuracy)}: the test is {_beside(test.gap.difference)} (95 % interval of "
        f"CV minus test {signed_span(test.gap.interval)}). "
    )
    return _judged(test.gap, test.corrected_gap, text)


def _beside(difference: float) -> str:
    if not difference:
        return "as high as CV"
    return f"{points(difference)} {'lower' if difference > 0 else 'higher'} than CV"


def _judged(gap: Gap, corrected: Gap, text: str) -> KeyPoint:
    if not gap.is_more_than_noise:
        return KeyPoint("good", "Cross-validation and test agree", text + "That is within the noise.")
    if gap.difference < 0:
        text += "That is more than noise: the test genes are easier than the development genes, or by luck."
        return KeyPoint("caution", "The test came out better than cross-validation", text)
    if not corrected.is_more_than_noise:
        text += "That is more than noise, but choosing the best of many trials explains it: corrected, they agree."
        return KeyPoint("plain", "Cross-validation was flattered by the choice among trials", text)
    text += "That is more than noise, and more than the choice among trials explains: trust the test."
    return KeyPoint("caution", "Cross-validation promised too much", text)


def copies(evidence: Evidence, test: Tested | None) -> KeyPoint | None:
    """Says so where the copies of few sequences, kept together, pull the test accuracy up or down."""
    if test is None or evidence.contract.splitting.duplicates != "together":
        return None
    found, accuracy = test.copies, test.measured.rates.accuracy
    if abs(found.accuracy - accuracy) < _APART:
        return None
    text = (
        f"The {plural(test.measured.n, 'test gene')} are only {plural(found.sequences, 'different sequence')}. Where "
        f"each of these counts once, {percent(found.accuracy)} are right."
    )
    if accuracy > found.accuracy:
        return KeyPoint("caution", "Copies of few sequences flatter the test", text)
    if found.worst_mistakes > found.mistakes / 2:
        text += (
            f" One of them, with {found.worst_rows:,} copies, accounts for {found.worst_mistakes:,} of the "
            f"{plural(found.mistakes, 'mistake')}."
        )
    text += " Few sequences decide here, hence the wide interval."
    return KeyPoint("caution", "Copies of few sequences weigh on the test", text)


def new_sequences(test: Tested | None) -> KeyPoint | None:
    """Tells sequences that development never saw from those that it did, where there are both."""
    if test is None or test.unseen is None or test.seen is None:
        return None
    unseen, seen = test.unseen, test.seen
    far = not unseen.interval.contains(seen.accuracy)
    text = (
        f"Sequences never seen in development: {percent(unseen.accuracy)} right ({plural(unseen.n, 'gene')}, 95 % "
        f"interval {span(unseen.interval)}); sequences also in development: {percent(seen.accuracy)} "
        f"({plural(seen.n, 'gene')})."
    )
    return KeyPoint("caution" if far else "plain", "New sequences", text)
