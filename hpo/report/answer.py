"""What the answer said of the development rows, out of fold: the chosen trial alone, or the trials that are blended."""

import numpy as np
from numpy.typing import NDArray

from hpo.evaluation.blend_score import Blend
from hpo.evaluation.blending import average
from hpo.evaluation.calls import called_resistant
from hpo.report.evidence import Evidence


def chosen_column(evidence: Evidence) -> int:
    """Finds the chosen trial's column in the matrix of out-of-fold predictions."""
    return evidence.out_of_fold.numbers.index(evidence.chosen.number)


def best_column(evidence: Evidence) -> int:
    """Finds the best trial's column: the chosen trial's, unless a simpler one was preferred to the best."""
    instead_of = evidence.chosen.instead_of
    return chosen_column(evidence) if instead_of is None else evidence.out_of_fold.numbers.index(instead_of)


def blend_of(evidence: Evidence) -> Blend | None:
    """Returns the blend that the final model is; None where it is the chosen trial alone."""
    found, picked = evidence.out_of_fold, {one.trial: one.networks for one in evidence.final.blend}
    if not picked or found.probabilities is None:
        return None
    read = {trial.number: str(trial.params.get("encoding")) for trial in evidence.trials}
    encodings = [read[number] for number in found.numbers]
    return Blend(
        probabilities=found.probabilities,
        labels=evidence.development.labels,
        picks=np.array([picked.get(number, 0) for number in found.numbers]),
        kinds=np.array([encodings.index(encoding) for encoding in encodings]),
    )


def answer_probabilities(evidence: Evidence) -> NDArray[np.floating]:
    """Returns [N] P(resistant) out of fold."""
    blend = blend_of(evidence)
    return evidence.chosen.probabilities if blend is None else average(blend.probabilities, blend.picks)


def answer_right(evidence: Evidence) -> NDArray[np.bool_]:
    """Returns [N] whether that is right."""
    if not evidence.final.blend:
        return evidence.out_of_fold.correct[:, chosen_column(evidence)]
    return np.asarray(called_resistant(answer_probabilities(evidence)) == evidence.development.labels)
