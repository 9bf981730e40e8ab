"""What the final model is: one network, several from different seeds, or those of several trials."""

from hpo.report.evidence import Evidence
from hpo.report.statistics import Statistics
from hpo.report.words.names import plural


def networks(evidence: Evidence) -> str:
    """Says whose networks the final model averages; nothing where it is one network."""
    final = evidence.final
    if final.blend:
        each = ", ".join(f"{one.networks} of trial {one.trial}" for one in final.blend)
        return (
            f"The final model is a blend: it averages the probabilities of {plural(final.networks, 'network')} "
            f"({each}), each trained from a seed of its own for as many epochs as its trial needs. They were picked "
            "one after another: first the best trial, then always the one that lowers the log loss of the average on "
            "held-out genes most (Caruana and others, 2004)."
        )
    if final.networks > 1:
        return (
            f"It is an ensemble: {final.networks} networks, trained from different seeds, whose probabilities are "
            "averaged; cross-validation scored single ones."
        )
    return ""


def retrained(evidence: Evidence) -> str:
    """Says what was trained once more, on everything."""
    if evidence.final.blend:
        others = plural(len(evidence.final.blend) - 1, "trial")
        who = f"The best trial, and {others} that complement it, were"
    elif evidence.instead_of:
        who = "The smallest network of those that cannot be told from the best trial was"
    else:
        who = "The best trial was"
    return f"{who} then retrained on all development genes."


def correction(evidence: Evidence, statistics: Statistics) -> str:
    """Says how the corrected mean is made."""
    corrected, together = statistics.cv.corrected, evidence.contract.splitting.duplicates == "together"
    trials = plural(corrected.configurations, "complete trial")
    dealt = "groups of identical sequences" if together else "genes"
    how = f"the best of {trials} is chosen on three of them and scored on the other two"
    loses = "the best trial is taken off the mean of the chosen one"
    if evidence.final.blend:
        how = f"three of them choose the best of {trials} and pick what complements it, and the blend is scored on the "
        how += "other two"
        loses = "the blend that all genes picked is taken off that one's mean over the folds"
    return (
        f"{plural(corrected.replicates, 'time')}, {dealt} are dealt at random into five parts; {how} (after BBC-CV, "
        f"Tsamardinos and others, 2018). What that loses against {loses}."
    )
