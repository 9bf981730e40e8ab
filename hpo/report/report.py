"""A report before it is written: everything that it says and shows, computed once.

Pages, `result.json` and the dashboard's note are written from it; they derive and draw nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hpo.report.evidence import Evidence
from hpo.report.plots import Plot, draw_plots
from hpo.report.sentences import Words, say
from hpo.report.statistics import Statistics, derive


@dataclass(frozen=True, eq=False)
class Report:
    """Evidence, and what follows from it."""

    evidence: Evidence
    statistics: Statistics
    words: Words
    plots: Mapping[str, Plot]  #: by name, in the order of the pages


def make_report(evidence: Evidence) -> Report:
    """Computes the statistics of a finished study, puts them into words and draws the plots."""
    statistics = derive(evidence)
    return Report(evidence, statistics, say(evidence, statistics), draw_plots(evidence, statistics))
