"""The chosen trial against its baselines, in sentences: guessing, plain methods, the configuration before tuning."""

from hpo.choices import Original
from hpo.objectives import NAMES
from hpo.report.baseline_comparison import ComparedBaseline
from hpo.report.evidence import Evidence
from hpo.report.statistics import Statistics
from hpo.report.words.key_point import KeyPoint
from hpo.report.words.names import BASELINES, p_value, plural, scored

_NOBODY_KNOWS = "So nobody can say what the tuning gained."
#: The original's configuration among what is compared, by what was done with trial 0.
_UNTUNED: dict[Original, str] = {
    "all": ", and the network before tuning,",
    "one-fold": ", and the network before tuning (on the first fold alone),",
    "skip": "",
}


def rules(evidence: Evidence, statistics: Statistics) -> str:
    """Says how the comparison is made."""
    where = "the same folds and the same test set" if statistics.test else "the same folds"
    text = f"Methods that need no network{_UNTUNED[evidence.contract.original]} on {where}. "
    if evidence.contract.splitting.duplicates == "together":
        case = "sequences: all genes of one sequence are one case, and count for whoever is right on more of them"
    else:
        case = "genes"
    if evidence.objective != "accuracy":
        return text + (
            f"All are compared by {NAMES[evidence.objective]}, what the trials were compared by: the difference on the "
            f"same rows, and whether it is more than its standard error explains; cases are {case.partition(':')[0]}. "
            "A small p says that the two differ by more than chance."
        )
    return text + (
        f"The paired test (McNemar, exact) looks only at the cases where one of the two is ahead; cases are {case}. "
        "A small p says that the two differ by more than chance."
    )


def against_majority(statistics: Statistics) -> KeyPoint | None:
    """Says so where the network does not beat guessing."""
    majority = statistics.baseline("majority")
    if majority is None or majority.judged is None or majority.is_beaten:
        return None
    text = f"Always saying the commoner class {_reaches(statistics)} {_figure(statistics, majority.score)}"
    if not statistics.only_guesses():
        text += ": these test genes are too few, or too alike, to tell the network from that."
        text += _cv_says(statistics, majority)
        return KeyPoint("caution", "Not shown to be better than guessing", text)
    return KeyPoint(
        "caution",
        "No better than guessing",
        f"{text}: the network has not learnt anything that can be told from chance.",
    )


def against_plain(statistics: Statistics) -> KeyPoint | None:
    """Judges the network against the plain baseline that does best."""
    baseline = statistics.best_plain()
    if baseline is None or baseline.judged is None:
        return None
    name = BASELINES[baseline.name].long
    where = "on the test set" if baseline.test is not None else "in cross-validation"
    own, other = _figure(statistics, statistics.own_score(baseline)), _figure(statistics, baseline.score)
    p = p_value(baseline.judged.p_value)
    compared = f"{where} the network {_reaches(statistics)} {own}, the baseline {_for(statistics)}{other} ({p})"
    if baseline.is_beaten:
        return KeyPoint("good", "Better than every plain baseline", f"The best of them is {name}: {compared}.")
    if baseline.ahead == "baseline":
        text = f"{_capital(name)} is better by more than chance: {compared}."
        if not baseline.judged.differs:  # the test rows are too few
            text = (
                f"{_capital(name)} is better by more than chance in cross-validation, which the test does not "
                f"contradict: {compared}.{_cv_says(statistics, baseline)}"
            )
        return KeyPoint("caution", "A plain baseline is better", f"{text} {_advice(baseline)}")
    text = f"{_capital(name)} cannot be told from the network: {compared}."
    text += _copies(baseline) + _cv_says(statistics, baseline)
    return KeyPoint("caution", "A plain baseline is as good", text)


def tuning(evidence: Evidence, statistics: Statistics) -> KeyPoint | None:
    """Judges the search: the chosen trial against trial 0, and whether a plain baseline makes both superfluous."""
    if evidence.contract.original == "skip":
        text = "This study did not try the original's configuration (--original skip)."
        return KeyPoint("plain", "The untuned network was left out", f"{text} {_NOBODY_KNOWS}")
    if evidence.original is None:
        return _unfinished(evidence)
    if evidence.chosen.number == evidence.original.number:
        return _untuned(evidence)
    original = statistics.baseline("original_configuration")
    if original is None:
        return None
    text = _tuned(statistics, original)
    if not original.is_beaten:
        if original.judged is not None and original.judged.differs:
            return KeyPoint("caution", "The untuned network is better", text)
        return KeyPoint("plain", "Tuning gained little", f"{text} That is no more than chance.")
    if _needs_network(statistics):
        return KeyPoint("good", "Tuning was worth it", text)
    return KeyPoint(
        "plain",
        "Tuning helped the network, not the answer",
        f"{text} But a network is not needed for that, see above.",
    )


def _unfinished(evidence: Evidence) -> KeyPoint:
    """Says why there is no trial 0 to compare with."""
    first = next((trial for trial in evidence.trials if trial.number == 0), None)
    why = "It has not ended yet" if first is None else first.reason.rstrip(".") or "No reason was recorded"
    text = f"Trial 0: {why}. {_NOBODY_KNOWS}"
    return KeyPoint("caution", "The untuned network did not finish", text)


def _untuned(evidence: Evidence) -> KeyPoint:
    """Says why trial 0 was taken: as the best, or as the simplest that cannot be told from the best."""
    trials = plural(len(evidence.trials), "trial")
    best = evidence.instead_of
    if best is None:
        text = f"None of {trials} was better than the untuned network, trial 0."
        return KeyPoint("plain", "Tuning found nothing better", text)
    text = (
        f"Trial {best.number} has the highest score of {trials} (CV {scored(best.mean, evidence.objective)}), but that "
        "is no more than chance: it cannot be told from the untuned network, trial 0, which was taken because it is "
        "simpler."
    )
    return KeyPoint("plain", "Tuning gained little", text)


def _tuned(statistics: Statistics, original: ComparedBaseline) -> str:
    own, other = _figure(statistics, statistics.own_score(original)), _figure(statistics, original.score)
    cv, corrected = statistics.compared_by
    if original.on_one_fold:
        text = (
            "The untuned network (trial 0) was tried on one fold only. On that fold the chosen trial "
            f"{_reaches(statistics)} {own}, the untuned network {_for(statistics)}{other}"
        )
    else:
        by = "" if statistics.by_objective is None else f", by {NAMES[statistics.objective]}"
        text = (
            f"Against the untuned network (trial 0){by}: cross-validation {_figure(statistics, cv)}, corrected "
            f"{_figure(statistics, corrected)}, against {_figure(statistics, original.cv_score)}"
        )
    if original.test is not None:
        text += f"; test {own} against {other}"
    return text + (f" ({p_value(original.judged.p_value)})." if original.judged else ".")


def _reaches(statistics: Statistics) -> str:
    """What is said before a score: of accuracies, that so many genes are called right."""
    return "is right for" if statistics.by_objective is None else f"reaches {NAMES[statistics.objective]}"


def _for(statistics: Statistics) -> str:
    return "for " if statistics.by_objective is None else ""


def _figure(statistics: Statistics, score: float) -> str:
    return scored(score, statistics.objective)


def _needs_network(statistics: Statistics) -> bool:
    """Tells whether the chosen trial beats guessing and every plain baseline: only then was its tuning worth it."""
    baselines = (statistics.best_plain(), statistics.baseline("majority"))
    return all(baseline is None or baseline.judged is None or baseline.is_beaten for baseline in baselines)


def _advice(baseline: ComparedBaseline) -> str:
    if baseline.name == "identical_sequence":
        return "It knows known sequences only: for a new one it says the commoner class."
    return "Use that."


def _copies(baseline: ComparedBaseline) -> str:
    """Explains a large difference that is none, because it lies in the copies of a few sequences."""
    if baseline.by_objective or baseline.paired_tests is None or not baseline.paired_tests.rows.differs:
        return ""
    return " What sets them apart lies in copies of a few sequences, which count once."


def _cv_says(statistics: Statistics, baseline: ComparedBaseline) -> str:
    """Adds what the more numerous development rows say, where the test rows cannot decide."""
    judged = baseline.judged_in_cv
    if baseline.test is None or judged is None or not judged.differs:
        return ""
    better = "network" if judged.first_is_ahead else "baseline"
    own, other = _figure(statistics, statistics.compared_by[0]), _figure(statistics, baseline.cv_score)
    return f" In cross-validation the {better} is ahead (network {own}, baseline {other}, {p_value(judged.p_value)})."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
