"""What the files of a report's folder are called. Imports nothing slow: who only looks at a folder begins at once."""

import re
from pathlib import Path

from model.saving.names import BASELINE, CONFIGURATION, weights_name

#: What the report says for scripts, and for people.
RESULT, PAGE, TEXT = "result.json", "report.html", "report.md"
#: Where `hpo run` keeps its workers' log; it stays when the report is replaced.
LOG = "workers.log"
#: The model's card for people, in the model's folder.
CARD = "README.md"
#: Every figure that a report may have.
PLOT_NAMES = (
    *("cv_against_test", "accuracy_by_epoch", "loss_by_epoch", "optimization_history", "hyperparameter_importance"),
    *("confusion_matrix", "roc_curve", "precision_recall_curve", "calibration", "network", "positions"),
)
_FILES = {
    *(RESULT, PAGE, TEXT, LOG, f"model/{CARD}", f"model/{CONFIGURATION}", f"model/{BASELINE}"),
    *(f"plots/{name}.png" for name in PLOT_NAMES),
}
_WEIGHTS = re.compile(f"model/{re.escape(weights_name(0)).replace('0', '[0-9]+')}")


def is_of_a_report(path: Path) -> bool:
    """Says whether hpo writes a file of this name, relative to the report's folder."""
    name = path.as_posix()
    return name in _FILES or _WEIGHTS.fullmatch(name) is not None
