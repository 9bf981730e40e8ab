"""The winner against its baselines, in sentences: guessing, plain methods, the configuration before tuning."""

from hpo.report.evidence import Evidence
from hpo.report.rivals import Rival
from hpo.report.statistics import Answer
from hpo.report.words.finding import Finding
from hpo.report.words.names import RIVALS, p_value, percent, plural


def rules(evidence: Evidence, answer: Answer) -> str:
    """Say how the comparison is made."""
    where = "the same folds and the same test set" if answer.test else "the same folds"
    text = f"Methods that need no network, and the network before tuning, on {where}. "
    if evidence.contract.duplicates == "together":
        case = "sequences: all genes of one sequence are one case, and count for whoever is right on more of them"
    else:
        case = "genes"
    return text + (
        f"The paired test (McNemar, exact) looks only at the cases where one of the two is ahead; cases are {case}. "
        "A small p says that the two differ by more than chance."
    )


def against_majority(answer: Answer) -> Finding | None:
    """Say so where the network does not beat guessing."""
    majority = answer.rival("majority")
    if majority is None or majority.paired is None or majority.is_beaten:
        return None
    text = f"Always saying the commoner class is right for {percent(majority.score)}"
    if answer.test is not None and not answer.test.corrected_gap.is_more_than_noise and _ahead_in_cv(majority):
        text += (
            f": these test genes are too few, or too alike, to tell the network from that.{_cv_says(answer, majority)}"
        )
        return Finding("caution", "Not shown to be better than guessing", text)
    return Finding(
        "caution",
        "No better than guessing",
        f"{text}: the network has not learnt anything that can be told from chance.",
    )


def against_plain(answer: Answer) -> Finding | None:
    """Judge the network against the plain baseline that does best."""
    rival = answer.best_plain()
    if rival is None or rival.paired is None:
        return None
    name = RIVALS[rival.name].long
    where = "on the test set" if rival.test is not None else "in cross-validation"
    own, other = percent(answer.own_score(rival)), percent(rival.score)
    compared = f"{where} the network is right for {own}, the baseline for {other} ({p_value(rival.paired.p_value)})"
    if rival.is_beaten:
        return Finding("good", "Better than every plain baseline", f"The best of them is {name}: {compared}.")
    if rival.paired.differs:
        text = f"{_capital(name)} is better by more than chance: {compared}. {_advice(rival)}"
        return Finding("caution", "A plain baseline is better", text)
    text = f"{_capital(name)} cannot be told from the network: {compared}.{_copies(rival)}{_cv_says(answer, rival)}"
    return Finding("caution", "A plain baseline is as good", text)


def tuning(evidence: Evidence, answer: Answer) -> Finding | None:
    """Judge the search: the winner against trial 0, and whether a plain baseline makes both superfluous."""
    if evidence.original is None:
        return _unfinished(evidence)
    if evidence.winner.number == evidence.original.number:
        return _untuned(evidence)
    original = answer.rival("original_configuration")
    if original is None:
        return None
    text = _tuned(answer, original)
    if not original.is_beaten:
        if original.paired is not None and original.paired.differs:
            return Finding("caution", "The untuned network is better", text)
        return Finding("plain", "Tuning gained little", f"{text} That is no more than chance.")
    if _needs_network(answer):
        return Finding("good", "Tuning was worth it", text)
    return Finding(
        "plain",
        "Tuning helped the network, not the answer",
        f"{text} But a network is not needed for that accuracy, see above.",
    )


def _unfinished(evidence: Evidence) -> Finding:
    """Say why there is no trial 0 to compare with."""
    first = next((trial for trial in evidence.trials if trial.number == 0), None)
    why = "It has not ended yet" if first is None else first.reason.rstrip(".") or "No reason was recorded"
    text = f"Trial 0: {why}. So nobody can say what the tuning gained."
    return Finding("caution", "The untuned network did not finish", text)


def _untuned(evidence: Evidence) -> Finding:
    """Say why trial 0 was taken: as the best, or as the simplest that cannot be told from the best."""
    trials = plural(len(evidence.trials), "trial")
    best = evidence.instead_of
    if best is None:
        text = f"None of {trials} was better than the untuned network, trial 0."
        return Finding("plain", "Tuning found nothing better", text)
    text = (
        f"Trial {best.number} has the highest score of {trials} (CV {percent(best.mean)}), but that is no more than "
        "chance: it cannot be told from the untuned network, trial 0, which was taken because it is simpler."
    )
    return Finding("plain", "Tuning gained little", text)


def _tuned(answer: Answer, original: Rival) -> str:
    text = (
        f"Against the untuned network (trial 0): cross-validation {percent(answer.cv.mean)}, corrected "
        f"{percent(answer.cv.corrected.corrected_mean)}, against {percent(original.cv)}"
    )
    if original.test is not None:
        text += f"; test {percent(answer.own_score(original))} against {percent(original.test)}"
    return text + (f" ({p_value(original.paired.p_value)})." if original.paired else ".")


def _needs_network(answer: Answer) -> bool:
    """Whether the winner beats guessing and every plain baseline: only then was its tuning worth it."""
    rivals = (answer.best_plain(), answer.rival("majority"))
    return all(rival is None or rival.paired is None or rival.is_beaten for rival in rivals)


def _advice(rival: Rival) -> str:
    if rival.name == "identical_sequence":
        return "It knows known sequences only: for a new one it says the commoner class."
    return "Use that."


def _copies(rival: Rival) -> str:
    """Explain a large difference that is none, because it lies in the copies of a few sequences."""
    if rival.duel is None or not rival.duel.rows.differs:
        return ""
    return " What sets them apart lies in copies of a few sequences, which count once."


def _ahead_in_cv(rival: Rival) -> bool:
    """Whether the test rows could not decide, but development rows could, for the network."""
    if rival.test_duel is None or rival.test_duel.cases.differs or rival.cv_duel is None:
        return False
    cases = rival.cv_duel.cases
    return cases.differs and cases.only_first_right > cases.only_second_right


def _cv_says(answer: Answer, rival: Rival) -> str:
    """Add what the more numerous development rows say, where the test rows cannot decide."""
    duel = rival.cv_duel
    if rival.test is None or duel is None or not duel.cases.differs:
        return ""
    better = "network" if duel.cases.only_first_right > duel.cases.only_second_right else "baseline"
    return (
        f" In cross-validation the {better} is ahead (network {percent(answer.cv.mean)}, baseline "
        f"{percent(rival.cv)}, {p_value(duel.cases.p_value)})."
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
