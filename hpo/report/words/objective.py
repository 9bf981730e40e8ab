"""What the search went by, where that is not accuracy, and what the answer reaches by it."""

from hpo.objectives import NAMES
from hpo.report.statistics import Statistics
from hpo.report.words.key_point import KeyPoint
from hpo.report.words.names import scored, scored_span


def searched_by(statistics: Statistics) -> KeyPoint | None:
    """Tells the objective's figures; nothing where they are the accuracies that everything is told in."""
    found = statistics.by_objective
    if found is None:
        return None
    name, corrected = found.objective, found.corrected
    test = ""
    if found.test is not None and found.test_interval is not None:
        test = f", test {scored(found.test, name)} ({scored_span(found.test_interval, name)})"
    better = " Lower is better." if name == "log_loss" else ""
    return KeyPoint(
        "plain",
        f"Trials were compared by {NAMES[name]}",
        f"By it the best was chosen: in cross-validation {scored(found.mean, name)} (mean of {len(found.fold_scores)} "
        f"folds), corrected for the choice {scored(corrected.corrected_mean, name)} (95 % interval "
        f"{scored_span(corrected.interval, name)}){test}.{better} Accuracies are told beside it.",
    )
