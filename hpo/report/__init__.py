"""The report: `finalize` gathers the evidence, this package writes the answer. Imports no torch."""

from hpo.report.evidence import Evidence
from hpo.report.plots import PLOT_NAMES
from hpo.report.rendering import summary_note
from hpo.report.report import Report, make_report
from hpo.report.writing import write_report

__all__ = ["PLOT_NAMES", "Evidence", "Report", "make_report", "summary_note", "write_report"]
