"""The figures of the report, one file per group."""

from hpo.report.evidence import Evidence
from hpo.report.plots import accuracy, network, positions, predictions, search, training
from hpo.report.plots.style import Plot
from hpo.report.statistics import Statistics

__all__ = ["Plot", "draw_plots"]


def draw_plots(evidence: Evidence, statistics: Statistics) -> dict[str, Plot]:
    """Draws every figure that the evidence allows.

    Returns:
        Plots by name, in the order of the report.
    """
    made: list[Plot] = []
    accuracy.draw(statistics, made)
    training.draw(evidence, made)
    search.draw(evidence, statistics, made)
    if statistics.test is None:
        predictions.draw(statistics.cv.measured, "development genes, out of fold", made)
    else:
        predictions.draw(statistics.test.measured, "test genes", made)
    network.draw(evidence, made)
    if evidence.positions is not None:
        positions.draw(evidence.positions, made)
    return {plot.name: plot for plot in made}
