"""What the objectives are called, and how their scores are written.

A score is what a trial is told: higher is better, whatever the objective, so the score of log loss is its negative, as
scikit-learn's `neg_log_loss` has it. People are shown what was measured: a log loss is positive, and lower is better.
Computed they are in `hpo.evaluation.objective`.
"""

from hpo.choices import Objective

#: Within a sentence.
NAMES: dict[Objective, str] = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "mcc": "MCC",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
}
#: What optuna-dashboard writes on its axes.
TOLD: dict[Objective, str] = {
    **{name: f"CV {spoken}" for name, spoken in NAMES.items()},
    "log_loss": "CV log loss, negated",
}
#: Written in percent.
SHARES: tuple[Objective, ...] = ("accuracy", "balanced_accuracy")


def measured(objective: Objective, score: float) -> float:
    """Returns what was measured, of a score."""
    return -score if objective == "log_loss" else score


def in_figures(objective: Objective, score: float) -> str:
    """Writes what was measured with four digits, as `status` does: 0.9134."""
    return f"{measured(objective, score):.4f}"


def in_points(objective: Objective, difference: float, digits: int = 2) -> str:
    """Writes the size of a difference of scores: 0.52 points of accuracy, 0.0052 of MCC."""
    if objective in SHARES:
        return f"{100 * abs(difference):.{digits}f} points of {NAMES[objective]}"
    return f"{abs(difference):.{digits + 2}f} of {NAMES[objective]}"
