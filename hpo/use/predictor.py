"""What predicts: the networks of a model's folder, or the plain regression that the report found as good or better."""

from hpo.choices import PredictWith
from hpo.errors import UsageError
from model.baseline import KeptBaseline
from model.saving.loading import SavedModel

NETWORK = "network"


def baseline_of(model: SavedModel, chosen: PredictWith) -> KeptBaseline | None:
    """Returns the regression that is to predict; None for the networks.

    Raises:
        UsageError: The folder keeps no such regression.
    """
    kept = model.baseline
    if chosen == NETWORK or (chosen == "best" and kept is None):
        return None
    if kept is not None and chosen in ("best", kept.name):
        return kept
    there = "keeps no plain baseline: none was as good" if kept is None else f"keeps {kept.name} alone"
    raise UsageError(
        f"--with {chosen}: this model's folder {there}.",
        "Say --with best or --with network" + ("." if kept is None else f", or --with {kept.name}."),
    )


def predictor_in_words(model: SavedModel, chosen: PredictWith, baseline: KeptBaseline | None) -> list[str]:
    """Says what predicts, where that is not clear from what was asked."""
    if baseline is None and model.baseline is not None:
        return [
            f"The report found {model.baseline.name} as good as this network, or better: --with best predicts with it."
        ]
    if chosen == "best":
        return [f"The {NETWORK if baseline is None else baseline.name} predicts."]
    return []
